package main

import (
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Base types by which real clients address objects that the simulator knows by their own type only.
var baseTypes = map[string]string{
	"ComputeResource":                "ClusterComputeResource",
	"VmwareDistributedVirtualSwitch": "DistributedVirtualSwitch",
	"Network":                        "DistributedVirtualPortgroup",
}

var refType = reflect.TypeOf(types.ManagedObjectReference{})

// hook sees every call before the simulator does: it makes references exact, injects faults, and puts the lab's own object in the place
// of the simulator's for this one call. The simulator asks the session's registry first; that of a request is the request's own copy.
func (l *Lab) hook(ctx *simulator.Context, m *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	reg := ctx.Map
	exact(reg, reflect.ValueOf(&m.This))
	exact(reg, reflect.ValueOf(m.Body))
	if ctx.Session == nil {
		return nil, l.anonymous(m)
	}
	if fault := l.faults.call(m.Name, m.This, l.nameOf(ctx, m.This)); fault != nil {
		return nil, fault
	}
	if strings.HasPrefix(m.Name, "WaitForUpdates") {
		l.relays.listen(ctx.Session, m.This)
	}
	if own := l.own(reg.Get(m.This)); own != nil {
		overlay := simulator.NewRegistry()
		overlay.Put(own)
		ctx.Session.Registry = overlay
	}
	return nil, nil
}

// own wraps a simulator object that the lab answers for.
func (l *Lab) own(obj mo.Reference) mo.Reference {
	switch o := obj.(type) {
	case *simulator.VirtualMachine:
		return &VM{o, l}
	case *simulator.VirtualMachineSnapshot:
		return &Snap{o, l}
	case *simulator.Folder:
		return &Folder{o, l}
	case *simulator.ClusterComputeResource:
		return &Cluster{o, l}
	case *simulator.DistributedVirtualSwitch:
		return &Switch{o, l}
	case *simulator.ResourcePool:
		return &Pool{o, l}
	case *simulator.DistributedVirtualPortgroup:
		return &Portgroup{o, l}
	case *simulator.DistributedVirtualSwitchManager:
		return &SwitchManager{o, l}
	case *simulator.Datastore:
		return &Datastore{o, l}
	case *simulator.VirtualDiskManager:
		return &DiskManager{o, l}
	case *simulator.PerformanceManager:
		return &Performance{o, l}
	case *simulator.FileManager:
		return &FileManager{o, l}
	default:
		return nil
	}
}

// anonymous refuses property reads without a login, which the simulator would answer with empty results.
func (l *Lab) anonymous(m *simulator.Method) types.BaseMethodFault {
	var specs []types.PropertyFilterSpec
	switch req := m.Body.(type) {
	case *types.RetrieveProperties:
		specs = req.SpecSet
	case *types.RetrievePropertiesEx:
		specs = req.SpecSet
	default:
		return nil
	}
	for _, s := range specs {
		for _, o := range s.ObjectSet {
			if o.Obj.Type != "ServiceInstance" && o.Obj.Type != "SessionManager" {
				return &types.NotAuthenticated{NoPermission: types.NoPermission{Object: &o.Obj, PrivilegeId: "System.View"}}
			}
		}
	}
	return nil
}

// exact walks a request and gives base-typed references the type under which the object stands in the registry.
func exact(reg *simulator.Registry, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			exact(reg, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			exact(reg, v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == refType {
			exactRef(reg, v)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				exact(reg, v.Field(i))
			}
		}
	default:
	}
}

func exactRef(reg *simulator.Registry, v reflect.Value) {
	ref := v.Interface().(types.ManagedObjectReference)
	kind, ok := baseTypes[ref.Type]
	if !ok || !v.CanSet() || reg.Get(ref) != nil {
		return
	}
	if real := (types.ManagedObjectReference{Type: kind, Value: ref.Value}); reg.Get(real) != nil {
		v.Set(reflect.ValueOf(real))
	}
}
