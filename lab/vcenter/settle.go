package main

import (
	"fmt"
	"sort"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// inUse says whether some machine has the disk.
func (l *Lab) inUse(vmdk string) bool {
	for _, e := range l.registry().All("VirtualMachine") {
		vm, ok := e.(*simulator.VirtualMachine)
		if !ok || vm.Config == nil {
			continue
		}
		for _, d := range virtualDisks(vm.Config.Hardware.Device) {
			if b, ok := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok && l.path(vm, b.FileName) == vmdk {
				return true
			}
		}
	}
	return false
}

// locked says whether a disk belongs to a machine that runs, or is open over NBD.
func (l *Lab) locked(vmdk string) bool {
	for _, e := range l.registry().All("VirtualMachine") {
		vm, ok := e.(*simulator.VirtualMachine)
		if !ok || vm.Config == nil || (!isOn(vm) && !l.nbd.holds(vm.Self)) {
			continue
		}
		for _, d := range virtualDisks(vm.Config.Hardware.Device) {
			if content, err := l.disk(vm, d); err == nil && content.vmdk == vmdk {
				return true
			}
		}
	}
	return false
}

// deviceMemory is what a change of the simulator loses and a real vCenter keeps: order and labels.
type deviceMemory struct {
	order  map[int32]int
	labels map[int32]string
	sizes  map[int32]int64
}

func remember(devices []types.BaseVirtualDevice) deviceMemory {
	m := deviceMemory{order: map[int32]int{}, labels: map[int32]string{}, sizes: map[int32]int64{}}
	for i, d := range devices {
		v := d.GetVirtualDevice()
		m.order[v.Key] = i
		if v.DeviceInfo != nil {
			m.labels[v.Key] = v.DeviceInfo.GetDescription().Label
		}
		if disk, ok := d.(*types.VirtualDisk); ok {
			m.sizes[v.Key] = disk.CapacityInBytes
		}
	}
	return m
}

// without forgets devices that the change took away; others may have come under their keys.
func (m deviceMemory) without(gone []goneDisk) deviceMemory {
	for _, g := range gone {
		delete(m.order, g.key)
		delete(m.labels, g.key)
		delete(m.sizes, g.key)
	}
	return m
}

// settle brings the device list and the files behind it to what the change asked for.
func (l *Lab) settle(ctx *simulator.Context, vm *simulator.VirtualMachine, before deviceMemory, wished map[string]string) error {
	devices := append([]types.BaseVirtualDevice(nil), vm.Config.Hardware.Device...)
	place := func(d types.BaseVirtualDevice) int {
		if i, ok := before.order[d.GetVirtualDevice().Key]; ok {
			return i
		}
		return len(before.order) + int(d.GetVirtualDevice().Key)
	}
	sort.SliceStable(devices, func(i, j int) bool { return place(devices[i]) < place(devices[j]) })
	for _, d := range devices {
		v := d.GetVirtualDevice()
		if was, ok := before.labels[v.Key]; ok && v.DeviceInfo != nil {
			v.DeviceInfo.GetDescription().Label = was
		}
		if disk, ok := d.(*types.VirtualDisk); ok {
			if err := l.settleDisk(vm, disk, before, wished); err != nil {
				return err
			}
		}
	}
	ctx.Update(vm, []types.PropertyChange{{Name: "config.hardware.device", Val: devices}})
	return nil
}

func (l *Lab) settleDisk(vm *simulator.VirtualMachine, disk *types.VirtualDisk, before deviceMemory, wished map[string]string) error {
	b, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok {
		return nil
	}
	content, err := l.disk(vm, disk)
	if err != nil {
		return err
	}
	if err := content.ensure(disk.CapacityInBytes); err != nil {
		return err
	}
	if was, ok := before.sizes[disk.Key]; ok && was != disk.CapacityInBytes {
		if err := content.resetTracking(); err != nil {
			return err
		}
	}
	disk.CapacityInKB = disk.CapacityInBytes / 1024
	if disk.StorageIOAllocation == nil {
		disk.StorageIOAllocation = &types.StorageIOAllocationInfo{
			Limit: types.NewInt64(-1), Reservation: types.NewInt32(0),
			Shares: &types.SharesInfo{Shares: 1000, Level: types.SharesLevelNormal},
		}
	}
	b.Uuid = l.uuid(content.vmdk, wished[fmt.Sprint(disk.Key)], newDiskUUID())
	b.ChangeId = ""
	if isTrue(vm.Config.ChangeTrackingEnabled) && content.ctk != nil {
		b.ChangeId = content.ctk.changeID()
	}
	return nil
}

// newDiskUUID is one that no disk has had, in the form that ESXi gives; the simulator's comes from the path, which may be used again.
func newDiskUUID() string { return "6000c29" + uuid.NewString()[7:] }

// uuid remembers a disk's uuid by its file; the first wish wins, as the uuid lives in the descriptor.
func (l *Lab) uuid(vmdk, wish, otherwise string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.uuids[vmdk]; ok {
		return known
	}
	if wish == "" {
		wish = otherwise
	}
	l.uuids[vmdk] = wish
	return wish
}

// depart forgets what was known of disks that have been taken away: everything of a destroyed one, the tracking of a detached one.
func (l *Lab) depart(gone []goneDisk) {
	for _, g := range gone {
		if g.vmdk == "" {
			continue
		}
		d := l.store.open(g.vmdk)
		d.deactivate()
		if !g.destroyed {
			continue
		}
		l.mu.Lock()
		delete(l.uuids, g.vmdk)
		l.mu.Unlock()
		if !l.inUse(g.vmdk) { // a new disk may have got the same name
			l.forget(g.vmdk)
		}
	}
}

// forget deletes a disk for good.
func (l *Lab) forget(vmdk string) {
	l.store.remove(vmdk)
	l.mu.Lock()
	delete(l.uuids, vmdk)
	l.mu.Unlock()
}

func isTrue(b *bool) bool { return b != nil && *b }
