package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// health looks at a machine's disks as its boot would: the identity, or why it does not come up.
func (l *Lab) health(vm *simulator.VirtualMachine) (*Identity, error) {
	disks := virtualDisks(vm.Config.Hardware.Device)
	if len(disks) == 0 {
		return nil, fmt.Errorf("no disk to boot from")
	}
	var boot *Identity
	for i, d := range disks {
		content, err := l.disk(vm, d)
		if err != nil {
			return nil, err
		}
		id, err := readIdentity(content)
		if err != nil {
			return nil, fmt.Errorf("disk %d: %w", i, err)
		}
		if boot == nil {
			boot = id
		}
		if id.MachineID != boot.MachineID || id.Disk != i || id.Disks != len(disks) {
			return nil, fmt.Errorf("disk %d is disk %d of %d of machine %s", i, id.Disk, id.Disks, id.MachineID)
		}
	}
	return boot, nil
}

// refreshGuest derives tools status, host name and addresses from the disks of a running machine.
func (l *Lab) refreshGuest(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	var id *Identity
	if isOn(vm) {
		id, _ = l.health(vm)
	}
	guest := &types.GuestInfo{
		ToolsStatus:        types.VirtualMachineToolsStatusToolsNotRunning,
		ToolsVersionStatus: string(types.VirtualMachineToolsVersionStatusGuestToolsCurrent), ToolsVersionStatus2: "guestToolsCurrent",
		ToolsRunningStatus: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning), ToolsVersion: "12352",
		GuestState: string(types.VirtualMachineGuestStateNotRunning), GuestFamily: vm.Guest.GuestFamily,
		GuestOperationsReady: types.NewBool(false), InteractiveGuestOperationsReady: types.NewBool(false),
		GuestStateChangeSupported: types.NewBool(false),
	}
	heartbeat := types.ManagedEntityStatusGray
	if id != nil {
		heartbeat = types.ManagedEntityStatusGreen
		guest.ToolsStatus = types.VirtualMachineToolsStatusToolsOk
		guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
		guest.GuestState = string(types.VirtualMachineGuestStateRunning)
		guest.GuestId, guest.GuestFullName = vm.Config.GuestId, vm.Config.GuestFullName
		guest.HostName = id.Hostname
		guest.GuestStateChangeSupported = types.NewBool(true)
	}
	l.guestNetwork(vm, guest, id)
	l.publish(ctx, vm, guest, heartbeat)
}

// guestNetwork fills one entry per card; a card that is cut off has no address.
func (l *Lab) guestNetwork(vm *simulator.VirtualMachine, guest *types.GuestInfo, id *Identity) {
	guest.Net = []types.GuestNicInfo{}
	var routes []types.NetIpRouteConfigInfoIpRoute
	for _, d := range vm.Config.Hardware.Device {
		card, ok := d.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		c := card.GetVirtualEthernetCard()
		info := types.GuestNicInfo{
			Network: l.networkName(c.Backing), MacAddress: c.MacAddress, DeviceConfigId: c.Key,
			Connected: c.Connectable != nil && c.Connectable.Connected,
		}
		if id != nil && info.Connected {
			if addr, err := netip.ParseAddr(id.Addresses[info.Network]); err == nil {
				info.IpAddress = []string{addr.String()}
				info.IpConfig = &types.NetIpConfigInfo{IpAddress: []types.NetIpConfigInfoIpAddress{{
					IpAddress: addr.String(), PrefixLength: 24, State: string(types.NetIpConfigInfoIpAddressStatusPreferred),
				}}}
				if guest.IpAddress == "" {
					guest.IpAddress = addr.String()
				}
				gateway, _ := addr.Prefix(24)
				routes = append(routes, types.NetIpRouteConfigInfoIpRoute{
					Network: "0.0.0.0", PrefixLength: 0,
					Gateway: types.NetIpRouteConfigInfoGateway{IpAddress: gateway.Addr().Next().String(), Device: fmt.Sprint(len(routes))},
				})
			}
		}
		guest.Net = append(guest.Net, info)
	}
	if len(routes) > 0 {
		guest.IpStack = []types.GuestStackInfo{{
			DnsConfig:     &types.NetDnsConfigInfo{HostName: guest.HostName},
			IpRouteConfig: &types.NetIpRouteConfigInfo{IpRoute: routes},
		}}
	}
}

func (l *Lab) publish(ctx *simulator.Context, vm *simulator.VirtualMachine, guest *types.GuestInfo, heartbeat types.ManagedEntityStatus) {
	vm.Guest = guest
	vm.GuestHeartbeatStatus = heartbeat
	vm.Summary.QuickStats.GuestHeartbeatStatus = heartbeat
	vm.Summary.Guest = &types.VirtualMachineGuestSummary{
		GuestId: guest.GuestId, GuestFullName: guest.GuestFullName, ToolsStatus: guest.ToolsStatus,
		ToolsVersionStatus: guest.ToolsVersionStatus, ToolsVersionStatus2: guest.ToolsVersionStatus2,
		ToolsRunningStatus: guest.ToolsRunningStatus, HostName: guest.HostName, IpAddress: guest.IpAddress,
	}
	ctx.Update(vm, []types.PropertyChange{
		{Name: "guest.net", Val: guest.Net},
		{Name: "guest.toolsStatus", Val: guest.ToolsStatus},
		{Name: "guest.toolsRunningStatus", Val: guest.ToolsRunningStatus},
		{Name: "guest.hostName", Val: guest.HostName},
		{Name: "guest.ipAddress", Val: guest.IpAddress},
		{Name: "summary.guest.ipAddress", Val: guest.IpAddress},
		{Name: "guestHeartbeatStatus", Val: heartbeat},
	})
}

// networkName is the port group's name behind a card.
func (l *Lab) networkName(backing types.BaseVirtualDeviceBackingInfo) string {
	switch b := backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return b.DeviceName
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		ref := types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey}
		if pg, ok := l.registry().Get(ref).(*simulator.DistributedVirtualPortgroup); ok {
			return pg.Name
		}
	}
	return ""
}

// load ties the quick statistics of a machine and of its host to size and power.
func (l *Lab) load(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	q := &vm.Summary.QuickStats
	host, ok := ctx.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok {
		return
	}
	*q = types.VirtualMachineQuickStats{GuestHeartbeatStatus: q.GuestHeartbeatStatus}
	if isOn(vm) {
		mhz := int32(host.Hardware.CpuInfo.Hz / 1_000_000)
		vm.Runtime.MaxCpuUsage, vm.Runtime.MaxMemoryUsage = vm.Config.Hardware.NumCPU*mhz, vm.Config.Hardware.MemoryMB
		q.OverallCpuUsage = vm.Runtime.MaxCpuUsage / 8
		q.OverallCpuDemand = q.OverallCpuUsage
		q.HostMemoryUsage = vm.Config.Hardware.MemoryMB * 9 / 10
		q.GuestMemoryUsage = vm.Config.Hardware.MemoryMB / 3
		if boot := vm.Summary.Runtime.BootTime; boot != nil {
			q.UptimeSeconds = int32(time.Since(*boot).Seconds())
		}
	}
	vm.Summary.Runtime.MaxCpuUsage, vm.Summary.Runtime.MaxMemoryUsage = vm.Runtime.MaxCpuUsage, vm.Runtime.MaxMemoryUsage
	vm.Summary.Runtime.PowerState = vm.Runtime.PowerState
	ctx.WithLock(host, func() { sumUp(ctx, host) })
}

func sumUp(ctx *simulator.Context, host *simulator.HostSystem) {
	var cpu, memory int32
	for _, ref := range host.Vm {
		if o, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine); ok {
			cpu += o.Summary.QuickStats.OverallCpuUsage
			memory += o.Summary.QuickStats.HostMemoryUsage
		}
	}
	host.Summary.QuickStats.OverallCpuUsage, host.Summary.QuickStats.OverallMemoryUsage = cpu, memory
}

// storage tells what a machine's files take: what they hold is committed, what they may grow to is not.
func (l *Lab) storage(vm *simulator.VirtualMachine) {
	usage := map[types.ManagedObjectReference]*types.VirtualMachineUsageOnDatastore{}
	dc := datacenterOf(l.registry(), vm.Self)
	for _, d := range virtualDisks(vm.Config.Hardware.Device) {
		b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		var path object.DatastorePath
		if !ok || !path.FromString(b.FileName) {
			continue
		}
		ds := datastore(l.registry(), dc, path.Datastore)
		if ds == nil {
			continue
		}
		u, ok := usage[ds.Self]
		if !ok {
			u = &types.VirtualMachineUsageOnDatastore{Datastore: ds.Self}
			usage[ds.Self] = u
		}
		used := usedBytes(flatOf(l.path(vm, b.FileName)))
		u.Committed += used
		u.Unshared += used
		u.Uncommitted += max(0, d.CapacityInBytes-used)
	}
	info := &types.VirtualMachineStorageInfo{Timestamp: time.Now()}
	sum := &types.VirtualMachineStorageSummary{Timestamp: time.Now()}
	for _, ref := range vm.Datastore {
		if u, ok := usage[ref]; ok {
			info.PerDatastoreUsage = append(info.PerDatastoreUsage, *u)
			sum.Committed += u.Committed
			sum.Uncommitted += u.Uncommitted
			sum.Unshared += u.Unshared
		}
	}
	vm.Storage, vm.Summary.Storage = info, sum
}
