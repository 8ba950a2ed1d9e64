package main

import (
	"os"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// DestroyTask deletes the machine, its snapshots and every file of its disks before it is done.
func (v *VM) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	vm, l := v.VirtualMachine, v.lab
	ref := l.task(ctx, v.Self, "Destroy_Task", "destroy", func() (types.AnyType, types.BaseMethodFault) {
		return nil, l.destroy(ctx, vm, req)
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: ref}}
}

func (l *Lab) destroy(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.Destroy_Task) types.BaseMethodFault {
	if isOn(vm) {
		return &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOff, ExistingState: types.VirtualMachinePowerStatePoweredOn,
		}
	}
	if l.nbd.holds(vm.Self) {
		return &types.FileLocked{FileFault: types.FileFault{File: vm.Config.Files.VmPathName}}
	}
	var files []string
	for _, d := range virtualDisks(vm.Config.Hardware.Device) {
		if content, err := l.disk(vm, d); err == nil {
			files = append(files, content.vmdk)
		}
	}
	home := l.path(vm, vm.Config.Files.LogDirectory)
	snapshots := snapshotRefs(vm)
	// The simulator deletes this directory some time after the task; a machine of the same name could stand there by then.
	vm.Config.Files.LogDirectory += "/.deleted-" + vm.Self.Value
	res := vm.DestroyTask(ctx, req).(*methods.Destroy_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	for _, s := range snapshots {
		ctx.Map.Remove(ctx, s)
	}
	for _, f := range files {
		l.forget(f)
	}
	if home != "" {
		_ = os.RemoveAll(home)
		l.store.forgetUnder(home)
	}
	l.tags.drop(vm.Self)
	l.recount(ctx)
	return nil
}

// Folder makes machines whose disks have content.
type Folder struct {
	*simulator.Folder
	lab *Lab
}

// CreateVMTask refuses a taken name, chooses the least loaded host, and makes content-bearing disks.
func (f *Folder) CreateVMTask(ctx *simulator.Context, req *types.CreateVM_Task) soap.HasFault {
	ref := f.lab.task(ctx, f.Self, "CreateVM_Task", "createVm", func() (types.AnyType, types.BaseMethodFault) {
		return f.lab.create(ctx, f.Folder, req)
	})
	return &methods.CreateVM_TaskBody{Res: &types.CreateVM_TaskResponse{Returnval: ref}}
}

// DestroyTask destroys what is in the folder first; one running machine keeps it all.
func (f *Folder) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	ref := f.lab.task(ctx, f.Self, "Destroy_Task", "destroy", func() (types.AnyType, types.BaseMethodFault) {
		return nil, f.lab.destroyFolder(ctx, f.Folder, req)
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: ref}}
}

func (l *Lab) destroyFolder(ctx *simulator.Context, f *simulator.Folder, req *types.Destroy_Task) types.BaseMethodFault {
	for _, child := range append([]types.ManagedObjectReference(nil), f.ChildEntity...) {
		var fault types.BaseMethodFault
		switch o := ctx.Map.Get(child).(type) {
		case *simulator.VirtualMachine:
			ctx.WithLock(o, func() { fault = l.destroy(ctx, o, &types.Destroy_Task{This: o.Self}) })
		case *simulator.Folder:
			ctx.WithLock(o, func() { fault = l.destroyFolder(ctx, o, &types.Destroy_Task{This: o.Self}) })
		}
		if fault != nil {
			return fault
		}
	}
	res := f.DestroyTask(ctx, req).(*methods.Destroy_TaskBody)
	_, fault := await(ctx, res.Res.Returnval)
	return fault
}

func (l *Lab) create(ctx *simulator.Context, f *simulator.Folder, req *types.CreateVM_Task) (types.AnyType, types.BaseMethodFault) {
	spec := &req.Config
	if e := ctx.Map.FindByName(spec.Name, f.ChildEntity); e != nil && spec.Name != "" {
		return nil, &types.DuplicateName{Name: spec.Name, Object: e.Reference()}
	}
	var home object.DatastorePath
	dc := datacenterOf(ctx.Map, f.Self)
	if spec.Files == nil || !home.FromString(spec.Files.VmPathName) {
		return nil, &types.InvalidVmConfig{Property: "configSpec.files.vmPathName"}
	}
	if datastore(ctx.Map, dc, home.Datastore) == nil {
		return nil, &types.InvalidDatastorePath{DatastorePath: spec.Files.VmPathName}
	}
	if spec.GuestId != "" && !knownGuest(spec.GuestId) {
		return nil, &types.InvalidArgument{InvalidProperty: "configSpec.guestId"}
	}
	p := &planner{
		lab: l, dc: dc, devices: append(object.VirtualDeviceList(nil), esx.VirtualDevice...),
		vmName: spec.Name, home: home.Datastore, files: map[string]string{},
	}
	if fault := p.plan(spec.DeviceChange); fault != nil {
		return nil, fault
	}
	if spec.Version == "" {
		spec.Version = "vmx-19"
	}
	if req.Host == nil {
		req.Host = l.leastLoaded(ctx, req.Pool)
	}
	res := f.CreateVMTask(ctx, req).(*methods.CreateVM_TaskBody)
	result, fault := await(ctx, res.Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	vm := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
	var err error
	ctx.WithLock(vm, func() {
		err = l.settle(ctx, vm, remember(nil), p.files)
		l.complete(vm)
		l.refreshGuest(ctx, vm)
	})
	if err != nil {
		return nil, internal(err)
	}
	l.recount(ctx)
	return result, nil
}

func knownGuest(id string) bool {
	for _, known := range simulator.GuestID {
		if string(known) == id {
			return true
		}
	}
	return strings.HasPrefix(id, "other")
}

// leastLoaded stands in for initial placement by DRS: the connected host of the pool's cluster with most free memory.
func (l *Lab) leastLoaded(ctx *simulator.Context, pool types.ManagedObjectReference) *types.ManagedObjectReference {
	rp, ok := ctx.Map.Get(pool).(*simulator.ResourcePool)
	if !ok {
		return nil
	}
	cluster, ok := ctx.Map.Get(rp.Owner).(*simulator.ClusterComputeResource)
	if !ok {
		return nil
	}
	var best *types.ManagedObjectReference
	var bestFree int64
	for _, ref := range cluster.Host {
		h := ctx.Map.Get(ref).(*simulator.HostSystem)
		if h.Runtime.InMaintenanceMode || h.Runtime.ConnectionState != types.HostSystemConnectionStateConnected {
			continue
		}
		free := h.Hardware.MemorySize
		for _, r := range h.Vm {
			if vm, ok := ctx.Map.Get(r).(*simulator.VirtualMachine); ok {
				free -= int64(vm.Config.Hardware.MemoryMB) << 20
			}
		}
		if best == nil || free > bestFree {
			host := ref
			best, bestFree = &host, free
		}
	}
	return best
}
