package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// builder makes the inventory through the simulator's own API, one step after the other: the same inventory always gets the same ids.
type builder struct {
	lab    *Lab
	ctx    context.Context
	client *vim25.Client
}

func (l *Lab) builder() (*builder, error) {
	client, err := vim25.NewClient(context.Background(), l.svc)
	return &builder{lab: l, ctx: context.Background(), client: client}, err
}

// wait is quicker than the property collector's wait.
func (b *builder) wait(t *object.Task, err error) (types.AnyType, error) {
	if err != nil {
		return nil, err
	}
	out, fault := await(b.lab.context(), t.Reference())
	if fault != nil {
		return nil, fmt.Errorf("task %s: %T %+v", t.Reference().Value, fault, fault)
	}
	return out, nil
}

func get[T mo.Reference](l *Lab, ref types.ManagedObjectReference) T {
	obj, _ := l.registry().Get(ref).(T)
	return obj
}

type site struct {
	spec     DatacenterSpec
	dc       *object.Datacenter
	folders  *object.DatacenterFolders
	folder   *object.Folder
	dvs      types.ManagedObjectReference
	hosts    []types.ManagedObjectReference
	clusters map[string]*simulator.ClusterComputeResource
	pools    map[string]types.ManagedObjectReference
	networks map[string]types.BaseVirtualDeviceBackingInfo
}

// infrastructure makes everything but the machines.
func (b *builder) infrastructure(spec DatacenterSpec) (*site, error) {
	dc, err := object.NewRootFolder(b.client).CreateDatacenter(b.ctx, spec.Name)
	if err != nil {
		return nil, err
	}
	folders, err := dc.Folders(b.ctx)
	if err != nil {
		return nil, err
	}
	s := &site{
		spec: spec, dc: dc, folders: folders, clusters: map[string]*simulator.ClusterComputeResource{},
		pools: map[string]types.ManagedObjectReference{}, networks: map[string]types.BaseVirtualDeviceBackingInfo{},
	}
	if s.folder, err = folders.VmFolder.CreateFolder(b.ctx, spec.Folder); err != nil {
		return nil, err
	}
	steps := []func(*site) error{b.dvs, b.clusters, b.members, b.portgroups, b.standard, b.datastores}
	for _, step := range steps {
		if err := step(s); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Name, err)
		}
	}
	return s, nil
}

func (b *builder) dvs(s *site) error {
	spec := types.DVSCreateSpec{ConfigSpec: &types.VMwareDVSConfigSpec{
		MaxMtu: 9000,
		DVSConfigSpec: types.DVSConfigSpec{
			Name: "dvs-" + s.spec.Name, ConfigVersion: "1", NumStandalonePorts: 0, MaxPorts: math.MaxInt32,
			UplinkPortPolicy: &types.DVSNameArrayUplinkPortPolicy{UplinkPortName: []string{"uplink1", "uplink2"}},
			DefaultPortConfig: &types.VMwareDVSPortSetting{
				Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: 0}, UplinkTeamingPolicy: teaming(),
			},
		},
	}}
	out, err := b.wait(s.folders.NetworkFolder.CreateDVS(b.ctx, spec))
	if err != nil {
		return err
	}
	s.dvs = out.(types.ManagedObjectReference)
	for range 500 { // the simulator adds the uplink port group after the task is done; ids depend on the order
		dvs := get[*simulator.DistributedVirtualSwitch](b.lab, s.dvs)
		if len(dvs.Portgroup) > 0 {
			dvs.Config.(*types.VMwareDVSConfigInfo).UplinkPortgroup = dvs.Portgroup[:1:1]
			dvs.Summary.NumPorts = 16
			get[*simulator.DistributedVirtualPortgroup](b.lab, dvs.Portgroup[0]).Config.Uplink = types.NewBool(true)
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("switch %s got no uplinks", spec.ConfigSpec.GetDVSConfigSpec().Name)
}

func teaming() *types.VmwareUplinkPortTeamingPolicy {
	yes := &types.BoolPolicy{Value: types.NewBool(true)}
	return &types.VmwareUplinkPortTeamingPolicy{
		Policy: &types.StringPolicy{Value: "loadbalance_srcid"}, ReversePolicy: yes, NotifySwitches: yes,
		RollingOrder:    &types.BoolPolicy{Value: types.NewBool(false)},
		UplinkPortOrder: &types.VMwareUplinkPortOrderPolicy{ActiveUplinkPort: []string{"uplink1", "uplink2"}},
	}
}

func (b *builder) clusters(s *site) error {
	for _, spec := range s.spec.Clusters {
		cluster, err := s.folders.HostFolder.CreateCluster(b.ctx, spec.Name, types.ClusterConfigSpecEx{})
		if err != nil {
			return err
		}
		c := get[*simulator.ClusterComputeResource](b.lab, cluster.Reference())
		s.clusters[spec.Name] = c
		for _, h := range spec.Hosts {
			out, err := b.wait(cluster.AddHost(b.ctx, types.HostConnectSpec{HostName: h.Name, UserName: "root", Password: "x"}, true, nil, nil))
			if err != nil {
				return err
			}
			host := get[*simulator.HostSystem](b.lab, out.(types.ManagedObjectReference))
			equip(host, h)
			s.hosts = append(s.hosts, host.Self)
		}
		summarize(b.lab, c)
		if _, err := b.wait(cluster.Reconfigure(b.ctx, highAvailability(spec), true)); err != nil {
			return err
		}
		if err := b.resourcePools(s, spec, *c.ResourcePool); err != nil {
			return err
		}
	}
	return nil
}

// resourcePools makes the pool of the estate's machines, and the others that the estate names, parents before children.
func (b *builder) resourcePools(s *site, spec ClusterSpec, root types.ManagedObjectReference) error {
	wanted := spec.Pools
	if !slices.ContainsFunc(wanted, func(p PoolSpec) bool { return p.Name == spec.Pool }) {
		wanted = append([]PoolSpec{{Name: spec.Pool, Expandable: true}}, wanted...)
	}
	made := map[string]types.ManagedObjectReference{"": root}
	for len(wanted) > 0 {
		var later []PoolSpec
		for _, p := range wanted {
			parent, ok := made[p.Parent]
			if !ok {
				later = append(later, p)
				continue
			}
			pool, err := object.NewResourcePool(b.client, parent).Create(b.ctx, p.Name, p.config())
			if err != nil {
				return err
			}
			made[p.Name] = pool.Reference()
		}
		if len(later) == len(wanted) {
			return fmt.Errorf("resource pool %s: no parent %q", later[0].Name, later[0].Parent)
		}
		wanted = later
	}
	s.pools[spec.Name] = made[spec.Pool]
	return nil
}

// equip gives a host its real size.
func equip(h *simulator.HostSystem, spec HostSpec) {
	hw := *h.Hardware
	hw.MemorySize = spec.MemoryBytes
	hw.CpuInfo = types.HostCpuInfo{
		NumCpuPackages: 2, NumCpuCores: spec.Cores, NumCpuThreads: 2 * spec.Cores, Hz: int64(spec.MHz) * 1_000_000,
	}
	hw.NumaInfo = numa(spec)
	h.Hardware = &hw
	s := h.Summary.Hardware
	s.CpuMhz, s.NumCpuPkgs, s.NumCpuCores, s.NumCpuThreads, s.MemorySize = spec.MHz, 2, spec.Cores, 2*spec.Cores, spec.MemoryBytes
	h.Summary.QuickStats.OverallCpuUsage, h.Summary.QuickStats.OverallMemoryUsage = 0, 0
	h.Summary.Host = &h.Self
	h.Runtime.ConnectionState = types.HostSystemConnectionStateConnected
	h.Runtime.PowerState = types.HostSystemPowerStatePoweredOn
}

// numa divides a host's memory evenly; a host of the estate that does not say has a node for each of its two packages.
func numa(spec HostSpec) *types.HostNumaInfo {
	nodes := max(spec.NUMANodes, 0)
	if nodes == 0 {
		nodes = 2
	}
	info := &types.HostNumaInfo{Type: "SNC", NumNodes: nodes}
	for i := range nodes {
		info.NumaNode = append(info.NumaNode, types.HostNumaNode{
			TypeId: byte(i), MemoryRangeBegin: int64(i) * (spec.MemoryBytes / int64(nodes)), MemoryRangeLength: spec.MemoryBytes / int64(nodes),
		})
	}
	return info
}

// summarize adds up a cluster's hosts; the simulator counts a host's clock once, whatever its cores.
func summarize(l *Lab, c *simulator.ClusterComputeResource) {
	s := c.Summary.GetComputeResourceSummary()
	*s = types.ComputeResourceSummary{OverallStatus: types.ManagedEntityStatusGreen}
	for _, ref := range c.Host {
		hw := get[*simulator.HostSystem](l, ref).Summary.Hardware
		s.TotalCpu += hw.CpuMhz * int32(hw.NumCpuCores)
		s.TotalMemory += hw.MemorySize
		s.NumCpuCores += hw.NumCpuCores
		s.NumCpuThreads += hw.NumCpuThreads
		s.NumHosts++
	}
	s.EffectiveCpu, s.EffectiveMemory, s.NumEffectiveHosts = s.TotalCpu, s.TotalMemory>>20, s.NumHosts
}

func (b *builder) members(s *site) error {
	spec := new(types.DVSConfigSpec)
	for _, h := range s.hosts {
		spec.Host = append(spec.Host, types.DistributedVirtualSwitchHostMemberConfigSpec{
			Operation: string(types.ConfigSpecOperationAdd), Host: h,
		})
	}
	_, err := b.wait(object.NewDistributedVirtualSwitch(b.client, s.dvs).Reconfigure(b.ctx, spec))
	return err
}

func (b *builder) portgroups(s *site) error {
	dvs := object.NewDistributedVirtualSwitch(b.client, s.dvs)
	for _, n := range s.spec.Networks {
		if n.Switch == "standard" {
			continue
		}
		spec := types.DVPortgroupConfigSpec{
			Name: n.Name, Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding), NumPorts: 128,
			AutoExpand: types.NewBool(true), ConfigVersion: "1",
			DefaultPortConfig: &types.VMwareDVSPortSetting{
				Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: n.VLAN}, UplinkTeamingPolicy: teaming(),
			},
		}
		if _, err := b.wait(dvs.AddPortgroup(b.ctx, []types.DVPortgroupConfigSpec{spec})); err != nil {
			return err
		}
		sw := get[*simulator.DistributedVirtualSwitch](b.lab, s.dvs)
		pg := get[*simulator.DistributedVirtualPortgroup](b.lab, sw.Portgroup[len(sw.Portgroup)-1])
		s.networks[n.Name] = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
			Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: sw.Uuid, PortgroupKey: pg.Key},
		}
	}
	return nil
}

// standard makes port groups on standard switches: one network object that all hosts of the site have.
func (b *builder) standard(s *site) error {
	for _, n := range s.spec.Networks {
		if n.Switch != "standard" {
			continue
		}
		var first *simulator.HostSystem
		for _, ref := range s.hosts {
			host := get[*simulator.HostSystem](b.lab, ref)
			pg := types.HostPortGroupSpec{Name: n.Name, VlanId: n.VLAN, VswitchName: "vSwitch0"}
			sys := get[*simulator.HostNetworkSystem](b.lab, *host.ConfigManager.NetworkSystem)
			if first == nil {
				first = host
				res := sys.AddPortGroup(b.lab.context(), &types.AddPortGroup{This: sys.Self, Portgrp: pg})
				if res.Fault() != nil {
					return fmt.Errorf("port group %s: %s", n.Name, res.Fault().String)
				}
				continue
			}
			sys.NetworkInfo.Portgroup = append(sys.NetworkInfo.Portgroup, types.HostPortGroup{
				Key: "key-vim.host.PortGroup-" + n.Name, Spec: pg,
			})
		}
		folder := get[*simulator.Folder](b.lab, s.folders.NetworkFolder.Reference())
		network, ok := b.lab.registry().FindByName(n.Name, folder.ChildEntity).(*mo.Network)
		if !ok {
			return fmt.Errorf("port group %s was not made", n.Name)
		}
		b.mountNetwork(s, network)
		ref := network.Self
		s.networks[n.Name] = &types.VirtualEthernetCardNetworkBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: n.Name}, Network: &ref,
		}
	}
	return nil
}

func (b *builder) mountNetwork(s *site, network *mo.Network) {
	ctx := b.lab.context()
	for _, ref := range s.hosts {
		host := get[*simulator.HostSystem](b.lab, ref)
		ctx.Map.AddReference(ctx, host, &host.Network, network.Self)
		network.Host = append(network.Host, ref)
	}
	for _, c := range s.spec.Clusters {
		cluster := s.clusters[c.Name]
		ctx.Map.AddReference(ctx, cluster, &cluster.Network, network.Self)
	}
}

func (b *builder) datastores(s *site) error {
	for _, spec := range s.spec.Datastores {
		dir := filepath.Join(b.lab.dir, "datastores", s.spec.Name, spec.Name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		var ref types.ManagedObjectReference
		for _, c := range s.spec.Clusters {
			if !contains(c.Datastores, spec.Name) {
				continue
			}
			for _, h := range s.clusters[c.Name].Host {
				host := get[*simulator.HostSystem](b.lab, h)
				sys := get[*simulator.HostDatastoreSystem](b.lab, *host.ConfigManager.DatastoreSystem)
				res := sys.CreateLocalDatastore(b.lab.context(), &types.CreateLocalDatastore{This: sys.Self, Name: spec.Name, Path: dir})
				if res.Fault() != nil {
					return fmt.Errorf("datastore %s: %s", spec.Name, res.Fault().String)
				}
				if r := res.(*methods.CreateLocalDatastoreBody).Res.Returnval; r.Value != "" {
					ref = r
				}
			}
		}
		dc := get[*simulator.Datacenter](b.lab, s.dc.Reference())
		ds := datastore(b.lab.registry(), dc, spec.Name)
		if ds == nil {
			return fmt.Errorf("datastore %s %v is mounted by no host", spec.Name, ref)
		}
		format(ds, spec)
	}
	return nil
}

// format makes a datastore a VMFS of the given size.
func format(ds *simulator.Datastore, spec DatastoreSpec) {
	url := ds.Summary.Url
	id := stableUUID("vmfs", spec.Name)
	ds.Summary.Type = string(types.HostFileSystemVolumeFileSystemTypeVMFS)
	ds.Summary.Capacity, ds.Summary.FreeSpace = spec.CapacityBytes, spec.CapacityBytes
	ds.Summary.MultipleHostAccess = types.NewBool(true)
	ds.Info = &types.VmfsDatastoreInfo{
		DatastoreInfo: types.DatastoreInfo{
			Name: spec.Name, Url: url, FreeSpace: spec.CapacityBytes, MaxFileSize: 62 << 40, MaxVirtualDiskCapacity: 62 << 40,
			MaxMemoryFileSize: 62 << 40, Timestamp: types.NewTime(time.Now()),
		},
		Vmfs: &types.HostVmfsVolume{
			HostFileSystemVolume: types.HostFileSystemVolume{Type: "VMFS", Name: spec.Name, Capacity: spec.CapacityBytes},
			BlockSizeMb:          1, MaxBlocks: 63963136, MajorVersion: 6, Version: "6.82", Uuid: id,
			Extent: []types.HostScsiDiskPartition{{DiskName: "naa." + id[:8], Partition: 1}},
		},
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
