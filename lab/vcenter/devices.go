package main

import (
	"crypto/sha256"
	"fmt"
	"sort"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func sortDisks(devices []types.BaseVirtualDevice, disks []*types.VirtualDisk) {
	bus := map[int32]int32{}
	for _, d := range devices {
		if c, ok := d.(types.BaseVirtualController); ok {
			bus[c.GetVirtualController().Key] = c.GetVirtualController().BusNumber
		}
	}
	place := func(d *types.VirtualDisk) int32 {
		unit := int32(0)
		if d.UnitNumber != nil {
			unit = *d.UnitNumber
		}
		return bus[d.ControllerKey]*64 + unit
	}
	sort.SliceStable(disks, func(i, j int) bool { return place(disks[i]) < place(disks[j]) })
}

// planner gives the devices of a change request the keys, units and labels that a real vCenter gives them, and refuses what it refuses.
type planner struct {
	lab     *Lab
	dc      *simulator.Datacenter
	devices object.VirtualDeviceList
	self    types.ManagedObjectReference // the machine, empty when it is about to be made
	vmName  string
	home    string // the machine's datastore
	frozen  bool   // the machine has snapshots
	remap   map[int32]int32
	needs   map[string]int64
	files   map[string]string // new disk's key as text -> wished uuid
	gone    []goneDisk
}

func (p *planner) free(key int32) bool { return p.devices.FindByKey(key) == nil }

func (p *planner) plan(changes []types.BaseVirtualDeviceConfigSpec) types.BaseMethodFault {
	p.remap, p.needs = map[int32]int32{}, map[string]int64{}
	for _, c := range changes { // controllers first: disks refer to them
		spec := c.GetVirtualDeviceConfigSpec()
		if ctl, ok := spec.Device.(types.BaseVirtualSCSIController); ok && spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
			p.controller(ctl.GetVirtualSCSIController())
			p.devices = append(p.devices, spec.Device)
		}
	}
	for i, c := range changes {
		spec := c.GetVirtualDeviceConfigSpec()
		if fault := p.one(i, spec); fault != nil {
			return fault
		}
	}
	return p.space()
}

func (p *planner) one(index int, spec *types.VirtualDeviceConfigSpec) types.BaseMethodFault {
	invalid := &types.InvalidDeviceSpec{DeviceIndex: int32(index)}
	device := spec.Device.GetVirtualDevice()
	if key, ok := p.remap[device.ControllerKey]; ok {
		device.ControllerKey = key
	}
	switch spec.Operation {
	case types.VirtualDeviceConfigSpecOperationAdd:
		return p.add(spec, device, invalid)
	case types.VirtualDeviceConfigSpecOperationEdit:
		old := p.devices.FindByKey(device.Key)
		if old == nil {
			return invalid
		}
		if disk, ok := spec.Device.(*types.VirtualDisk); ok {
			return p.edit(disk, old.(*types.VirtualDisk), invalid)
		}
	case types.VirtualDeviceConfigSpecOperationRemove:
		old := p.devices.FindByKey(device.Key)
		if old == nil {
			return invalid
		}
		p.remove(spec, old)
	}
	return nil
}

// remove frees the device's place for what comes later in the same request.
func (p *planner) remove(spec *types.VirtualDeviceConfigSpec, old types.BaseVirtualDevice) {
	spec.Device = old
	key := old.GetVirtualDevice().Key
	p.devices = p.devices.Select(func(d types.BaseVirtualDevice) bool { return d.GetVirtualDevice().Key != key })
	disk, ok := old.(*types.VirtualDisk)
	if !ok {
		return
	}
	if b, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
		destroyed := spec.FileOperation == types.VirtualDeviceConfigSpecFileOperationDestroy
		p.gone = append(p.gone, goneDisk{key: key, vmdk: resolve(p.lab.registry(), p.dc, b.FileName), destroyed: destroyed})
		var path object.DatastorePath
		if path.FromString(b.FileName); destroyed {
			p.needs[path.Datastore] -= disk.CapacityInBytes
		}
	}
}

// goneDisk is a disk that a request takes away.
type goneDisk struct {
	key       int32
	vmdk      string
	destroyed bool
}

func (p *planner) add(
	spec *types.VirtualDeviceConfigSpec, device *types.VirtualDevice, invalid *types.InvalidDeviceSpec,
) types.BaseMethodFault {
	switch d := spec.Device.(type) {
	case types.BaseVirtualSCSIController:
		return nil
	case *types.VirtualDisk:
		if fault := p.disk(spec, d, invalid); fault != nil {
			return fault
		}
		label(device, "Hard disk", p.labels("Hard disk"))
	case types.BaseVirtualEthernetCard:
		p.key(device, 4000)
		if c := d.GetVirtualEthernetCard(); c.MacAddress == "" {
			c.MacAddress, c.AddressType = p.mac(device.Key), string(types.VirtualEthernetCardMacTypeAssigned)
		}
		label(device, "Network adapter", p.labels("Network adapter"))
	case *types.VirtualCdrom:
		p.key(device, 3000)
		label(device, "CD/DVD drive", p.labels("CD/DVD drive"))
	default:
		return nil
	}
	p.devices = append(p.devices, spec.Device)
	return nil
}

func (p *planner) key(device *types.VirtualDevice, first int32) {
	if device.Key > 0 && p.free(device.Key) {
		return
	}
	for key := first; ; key++ {
		if p.free(key) {
			device.Key = key
			return
		}
	}
}

// mac is an address of the range that vCenter assigns from; the same machine gets the same.
func (p *planner) mac(key int32) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", p.dc.Name, p.vmName, key))
	return fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80|sum[0]&0x3f, sum[1], sum[2])
}

func (p *planner) controller(c *types.VirtualSCSIController) {
	old, bus := c.Key, c.BusNumber
	for !p.free(1000 + bus) {
		bus++
	}
	c.Key, c.BusNumber = 1000+bus, bus
	p.remap[old] = c.Key
	c.ScsiCtlrUnitNumber = 7
	if c.SharedBus == "" {
		c.SharedBus = types.VirtualSCSISharingNoSharing
	}
	c.ControllerKey = 100
	c.UnitNumber = types.NewInt32(3 + bus)
	c.DeviceInfo = &types.Description{Label: fmt.Sprintf("SCSI controller %d", bus)}
}

// labels finds the lowest number that no device of a kind has in its label.
func (p *planner) labels(kind string) int {
	taken := map[string]bool{}
	for _, d := range p.devices {
		if info := d.GetVirtualDevice().DeviceInfo; info != nil {
			taken[info.GetDescription().Label] = true
		}
	}
	n := 1
	for taken[fmt.Sprintf("%s %d", kind, n)] {
		n++
	}
	return n
}

// label names a device; what a client wishes is ignored, as vCenter ignores it.
func label(device *types.VirtualDevice, kind string, n int) {
	device.DeviceInfo = &types.Description{Label: fmt.Sprintf("%s %d", kind, n)}
}

func (p *planner) disk(spec *types.VirtualDeviceConfigSpec, d *types.VirtualDisk, invalid *types.InvalidDeviceSpec) types.BaseMethodFault {
	b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	ctl, isController := p.devices.FindByKey(d.ControllerKey).(types.BaseVirtualController)
	if !ok || !isController {
		return invalid
	}
	if fault := p.unit(d, ctl.GetVirtualController(), invalid); fault != nil {
		return fault
	}
	if _, scsi := ctl.(types.BaseVirtualSCSIController); scsi {
		if key := 2000 + 16*ctl.GetVirtualController().BusNumber + *d.UnitNumber; p.free(key) {
			d.Key = key
		}
	}
	p.key(&d.VirtualDevice, 2000)
	if b.DiskMode == "" {
		b.DiskMode = string(types.VirtualDiskModePersistent)
	}
	if spec.FileOperation == "" {
		return p.attach(d, b)
	}
	if d.CapacityInBytes == 0 {
		d.CapacityInBytes = d.CapacityInKB * 1024
	}
	d.CapacityInKB = d.CapacityInBytes / 1024
	if d.CapacityInBytes <= 0 {
		return invalid
	}
	ds := p.home
	var path object.DatastorePath
	if path.FromString(b.FileName) && path.Datastore != "" {
		ds = path.Datastore
	}
	if datastore(p.lab.registry(), p.dc, ds) == nil {
		return &types.InvalidDatastorePath{DatastorePath: b.FileName}
	}
	p.needs[ds] += d.CapacityInBytes
	if b.Uuid != "" {
		p.files[fmt.Sprint(d.Key)] = b.Uuid
	}
	return nil
}

func (p *planner) unit(d *types.VirtualDisk, ctl *types.VirtualController, invalid *types.InvalidDeviceSpec) types.BaseMethodFault {
	taken := map[int32]bool{7: true}
	for _, o := range p.devices {
		if v := o.GetVirtualDevice(); v.ControllerKey == ctl.Key && v.UnitNumber != nil {
			taken[*v.UnitNumber] = true
		}
	}
	if d.UnitNumber != nil && *d.UnitNumber >= 0 {
		if taken[*d.UnitNumber] {
			return invalid
		}
		return nil
	}
	unit := int32(0)
	for taken[unit] {
		unit++
	}
	d.UnitNumber = &unit
	return nil
}

// attach takes an existing disk as it is; one that another machine has is locked.
func (p *planner) attach(d *types.VirtualDisk, b *types.VirtualDiskFlatVer2BackingInfo) types.BaseMethodFault {
	file := resolve(p.lab.registry(), p.dc, b.FileName)
	size := int64(0)
	if file != "" {
		size = p.lab.store.open(file).size()
	}
	if size == 0 {
		return &types.FileNotFound{FileFault: types.FileFault{File: b.FileName}}
	}
	if p.lab.inUse(file) {
		return &types.FileLocked{FileFault: types.FileFault{File: b.FileName}}
	}
	d.CapacityInBytes, d.CapacityInKB = size, size/1024
	return nil
}

func (p *planner) edit(d, old *types.VirtualDisk, invalid *types.InvalidDeviceSpec) types.BaseMethodFault {
	size := old.CapacityInBytes
	switch {
	case d.CapacityInBytes > 0 && d.CapacityInBytes != old.CapacityInBytes:
		size = d.CapacityInBytes
	case d.CapacityInKB > 0 && d.CapacityInKB != old.CapacityInKB:
		size = d.CapacityInKB * 1024
	}
	d.CapacityInBytes, d.CapacityInKB = size, size/1024
	if size < old.CapacityInBytes {
		return &types.InvalidDeviceOperation{InvalidDeviceSpec: *invalid}
	}
	if size > old.CapacityInBytes && p.frozen {
		return &types.InvalidDeviceOperation{InvalidDeviceSpec: *invalid}
	}
	b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	was, wasOK := old.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !wasOK {
		return invalid
	}
	if !ok || b.FileName == "" {
		same := *was
		d.Backing = &same
	}
	if d.UnitNumber == nil {
		d.UnitNumber, d.ControllerKey = old.UnitNumber, old.ControllerKey
	}
	var path object.DatastorePath
	path.FromString(was.FileName)
	p.needs[path.Datastore] += size - old.CapacityInBytes
	return nil
}

// space refuses what would not fit: the lab counts a thin disk by its full size.
func (p *planner) space() types.BaseMethodFault {
	for name, need := range p.needs {
		ds := datastore(p.lab.registry(), p.dc, name)
		if need > 0 && ds != nil && need > ds.Summary.FreeSpace {
			return &types.NoDiskSpace{FileFault: types.FileFault{File: "[" + name + "] " + p.vmName}, Datastore: name}
		}
	}
	return nil
}
