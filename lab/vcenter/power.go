package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// PowerOnVMTask refuses while a disk is written from outside, activates tracking, and lets the guest come up as its disks allow.
func (v *VM) PowerOnVMTask(ctx *simulator.Context, _ *types.PowerOnVM_Task) soap.HasFault {
	if v.Config.Template {
		return &methods.PowerOnVM_TaskBody{Fault_: simulator.Fault("cannot power on a template", new(types.NotSupported))}
	}
	ref := v.lab.task(ctx, v.Self, "PowerOnVM_Task", "powerOn", func() (types.AnyType, types.BaseMethodFault) {
		return nil, v.lab.powerOn(ctx, v.VirtualMachine)
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: ref}}
}

func (l *Lab) powerOn(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	if l.nbd.holds(vm.Self) {
		return &types.FileLocked{FileFault: types.FileFault{File: vm.Config.Files.VmPathName}}
	}
	res := vm.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: vm.Self}).(*methods.PowerOnVM_TaskBody)
	if res.Fault_ != nil {
		return res.Fault_.VimFault().(types.BaseMethodFault)
	}
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	if err := l.startTracking(vm); err != nil {
		return internal(err)
	}
	l.refreshGuest(ctx, vm)
	l.load(ctx, vm)
	return nil
}

// PowerOffVMTask pulls the plug.
func (v *VM) PowerOffVMTask(ctx *simulator.Context, _ *types.PowerOffVM_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "PowerOffVM_Task", "powerOff", func() (types.AnyType, types.BaseMethodFault) {
		return nil, v.lab.powerOff(ctx, v.VirtualMachine)
	})
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: ref}}
}

func (l *Lab) powerOff(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	res := vm.PowerOffVMTask(ctx, &types.PowerOffVM_Task{This: vm.Self}).(*methods.PowerOffVM_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	l.refreshGuest(ctx, vm)
	l.load(ctx, vm)
	return nil
}

// SuspendVMTask suspends.
func (v *VM) SuspendVMTask(ctx *simulator.Context, req *types.SuspendVM_Task) soap.HasFault {
	vm := v.VirtualMachine
	ref := v.lab.task(ctx, v.Self, "SuspendVM_Task", "suspend", func() (types.AnyType, types.BaseMethodFault) {
		res := vm.SuspendVMTask(ctx, req).(*methods.SuspendVM_TaskBody)
		out, fault := await(ctx, res.Res.Returnval)
		v.lab.refreshGuest(ctx, vm)
		return out, fault
	})
	return &methods.SuspendVM_TaskBody{Res: &types.SuspendVM_TaskResponse{Returnval: ref}}
}

// ResetVMTask restarts the guest from its disks.
func (v *VM) ResetVMTask(ctx *simulator.Context, _ *types.ResetVM_Task) soap.HasFault {
	ref := v.lab.task(ctx, v.Self, "ResetVM_Task", "reset", func() (types.AnyType, types.BaseMethodFault) {
		if fault := v.lab.powerOff(ctx, v.VirtualMachine); fault != nil {
			return nil, fault
		}
		return nil, v.lab.powerOn(ctx, v.VirtualMachine)
	})
	return &methods.ResetVM_TaskBody{Res: &types.ResetVM_TaskResponse{Returnval: ref}}
}

// ShutdownGuest asks the guest, which needs its tools; the machine is off some time after the answer.
func (v *VM) ShutdownGuest(ctx *simulator.Context, _ *types.ShutdownGuest) soap.HasFault {
	vm, body := v.VirtualMachine, &methods.ShutdownGuestBody{}
	switch {
	case !isOn(vm):
		body.Fault_ = simulator.Fault("", &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOn, ExistingState: vm.Runtime.PowerState,
		})
	case vm.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning):
		body.Fault_ = simulator.Fault("", new(types.ToolsUnavailable))
	default:
		v.lab.task(ctx, v.Self, "ShutdownGuest", "shutdownGuest", func() (types.AnyType, types.BaseMethodFault) {
			time.Sleep(10 * time.Millisecond)
			return nil, v.lab.powerOff(ctx, vm)
		})
		body.Res = new(types.ShutdownGuestResponse)
	}
	return body
}
