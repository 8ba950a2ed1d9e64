package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CloneVMTask copies contents and honours the specification's config, powerOn and snapshot.
func (v *VM) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "CloneVM_Task", "clone", func() (types.AnyType, types.BaseMethodFault) {
		return v.lab.clone(ctx, v.VirtualMachine, req)
	})
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: ref}}
}

func (l *Lab) clone(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.CloneVM_Task) (types.AnyType, types.BaseMethodFault) {
	source := vm.Config
	if req.Spec.Snapshot != nil {
		snap, ok := ctx.Map.Get(*req.Spec.Snapshot).(*simulator.VirtualMachineSnapshot)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: *req.Spec.Snapshot}
		}
		source = &snap.Config
	}
	plain := *req
	plain.Spec.Config, plain.Spec.Customization, plain.Spec.PowerOn, plain.Spec.Template = nil, nil, false, false
	plain.Spec.Location.DeviceChange = nil
	res := vm.CloneVMTask(ctx, &plain).(*methods.CloneVM_TaskBody)
	result, fault := await(ctx, res.Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	copied := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
	ctx.WithLock(copied, func() { fault = l.fillClone(ctx, vm, source, copied, req) })
	if fault != nil {
		return nil, fault
	}
	return result, nil
}

func (l *Lab) fillClone(
	ctx *simulator.Context, vm *simulator.VirtualMachine, source *types.VirtualMachineConfigInfo, to *simulator.VirtualMachine,
	req *types.CloneVM_Task,
) types.BaseMethodFault {
	from, into := virtualDisks(source.Hardware.Device), virtualDisks(to.Config.Hardware.Device)
	for i, d := range into {
		if i >= len(from) {
			break
		}
		src, err := l.disk(vm, from[i])
		if err != nil {
			return internal(err)
		}
		d.CapacityInBytes = from[i].CapacityInBytes
		dst, err := l.disk(to, d)
		if err != nil {
			return internal(err)
		}
		if err := dst.copyFrom(src); err != nil {
			return internal(err)
		}
	}
	if err := l.settle(ctx, to, remember(nil), map[string]string{}); err != nil {
		return internal(err)
	}
	to.Config.Annotation, to.Config.Firmware = source.Annotation, source.Firmware
	to.Config.Flags, to.Config.BootOptions = source.Flags, source.BootOptions
	relabel(source.Hardware.Device, to.Config.Hardware.Device)
	return l.finishClone(ctx, to, req)
}

// relabel gives a clone's devices the labels of their originals.
func relabel(from, to object.VirtualDeviceList) {
	for _, d := range to {
		v := d.GetVirtualDevice()
		if was := from.FindByKey(v.Key); was != nil && was.GetVirtualDevice().DeviceInfo != nil && v.DeviceInfo != nil {
			v.DeviceInfo.GetDescription().Label = was.GetVirtualDevice().DeviceInfo.GetDescription().Label
		}
	}
}

func (l *Lab) finishClone(ctx *simulator.Context, to *simulator.VirtualMachine, req *types.CloneVM_Task) types.BaseMethodFault {
	spec := types.VirtualMachineConfigSpec{}
	if req.Spec.Config != nil {
		spec = *req.Spec.Config
	}
	spec.Name, spec.Files = "", nil
	spec.DeviceChange = append(append([]types.BaseVirtualDeviceConfigSpec(nil), req.Spec.Location.DeviceChange...), spec.DeviceChange...)
	if fault := l.reconfigure(ctx, to, spec); fault != nil {
		return fault
	}
	if c := req.Spec.Customization; c != nil {
		res := to.CustomizeVMTask(ctx, &types.CustomizeVM_Task{This: to.Self, Spec: *c}).(*methods.CustomizeVM_TaskBody)
		if _, fault := await(ctx, res.Res.Returnval); fault != nil {
			return fault
		}
	}
	if req.Spec.Template {
		to.MarkAsTemplate(&types.MarkAsTemplate{This: to.Self})
	}
	if req.Spec.PowerOn {
		return l.powerOn(ctx, to)
	}
	return nil
}

// MarkAsTemplate is remembered over a restart.
func (v *VM) MarkAsTemplate(req *types.MarkAsTemplate) soap.HasFault {
	defer v.lab.saver.touch()
	return v.VirtualMachine.MarkAsTemplate(req)
}

// RelocateVMTask keeps the lists of hosts and pools true; moving files between datastores is not modelled.
func (v *VM) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	vm := v.VirtualMachine
	ref := v.lab.task(ctx, v.Self, "RelocateVM_Task", "relocate", func() (types.AnyType, types.BaseMethodFault) {
		if ds := req.Spec.Datastore; ds != nil && simulator.FindReference(vm.Datastore, *ds) == nil {
			return nil, new(types.NotSupported)
		}
		if h := req.Spec.Host; h != nil && *h != *vm.Runtime.Host {
			was, is := ctx.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem), ctx.Map.Get(*h).(*simulator.HostSystem)
			ctx.Map.RemoveReference(ctx, was, &was.Vm, vm.Self)
			ctx.Map.AddReference(ctx, is, &is.Vm, vm.Self)
		}
		if p := req.Spec.Pool; p != nil && vm.ResourcePool != nil && *p != *vm.ResourcePool {
			was, ok := ctx.Map.Get(*vm.ResourcePool).(*simulator.ResourcePool)
			is, ok2 := ctx.Map.Get(*p).(*simulator.ResourcePool)
			if ok && ok2 {
				ctx.Map.RemoveReference(ctx, was, &was.Vm, vm.Self)
				ctx.Map.AddReference(ctx, is, &is.Vm, vm.Self)
			}
		}
		req.Spec.Datastore = nil
		res := vm.RelocateVMTask(ctx, req).(*methods.RelocateVM_TaskBody)
		return await(ctx, res.Res.Returnval)
	})
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: ref}}
}
