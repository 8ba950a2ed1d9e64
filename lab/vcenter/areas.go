package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// QueryChangedDiskAreas answers what is allocated ("*") or changed since a change id, on a snapshot's disk or the live one.
func (v *VM) QueryChangedDiskAreas(ctx *simulator.Context, req *types.QueryChangedDiskAreas) soap.HasFault {
	body := new(methods.QueryChangedDiskAreasBody)
	info, fault := v.lab.changedAreas(ctx, v.VirtualMachine, req)
	if fault != nil {
		body.Fault_ = simulator.Fault(faultText(fault), fault)
		return body
	}
	body.Res = &types.QueryChangedDiskAreasResponse{Returnval: *info}
	return body
}

func faultText(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.InvalidArgument:
		return "A specified parameter was not correct: " + f.InvalidProperty
	case *types.FileFault:
		return "Error caused by file " + f.File
	default:
		return fmt.Sprintf("%T", fault)
	}
}

func (l *Lab) changedAreas(
	ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.QueryChangedDiskAreas,
) (*types.DiskChangeInfo, types.BaseMethodFault) {
	config := vm.Config
	if req.Snapshot != nil {
		snap, ok := ctx.Map.Get(*req.Snapshot).(*simulator.VirtualMachineSnapshot)
		if !ok || snap.Vm != vm.Self {
			return nil, &types.ManagedObjectNotFound{Obj: *req.Snapshot}
		}
		config = &snap.Config
	}
	var disk *types.VirtualDisk
	for _, d := range virtualDisks(config.Hardware.Device) {
		if d.Key == req.DeviceKey {
			disk = d
		}
	}
	if disk == nil {
		return nil, &types.InvalidArgument{InvalidProperty: "deviceKey"}
	}
	if req.StartOffset < 0 || req.StartOffset >= disk.CapacityInBytes {
		return nil, &types.InvalidArgument{InvalidProperty: "startOffset"}
	}
	content, err := l.disk(vm, disk)
	if err != nil {
		return nil, internal(err)
	}
	name := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName
	areas, err := content.areas(req.ChangeId, isTrue(config.ChangeTrackingEnabled))
	switch {
	case err == errLineage:
		return nil, &types.InvalidArgument{InvalidProperty: "changeId"}
	case err == errUntracked:
		return nil, &types.FileFault{File: name}
	case err != nil:
		return nil, internal(err)
	}
	s := l.current()
	info := page(areas, req.StartOffset, disk.CapacityInBytes, s.AreaLimit, s.AreaWindow)
	return &info, nil
}
