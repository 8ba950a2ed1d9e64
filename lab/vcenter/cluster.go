package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Cluster keeps the whole HA and DRS configuration and can be destroyed.
type Cluster struct {
	*simulator.ClusterComputeResource
	lab *Lab
}

// merge sets the fields of dst that src sets.
func merge(dst, src any) {
	d, s := reflect.ValueOf(dst).Elem(), reflect.ValueOf(src).Elem()
	for i := range s.NumField() {
		if f := s.Field(i); !f.IsZero() && d.Field(i).CanSet() {
			d.Field(i).Set(f)
		}
	}
}

// ReconfigureComputeResourceTask merges das and drs configuration (modify) or replaces it.
func (c *Cluster) ReconfigureComputeResourceTask(ctx *simulator.Context, req *types.ReconfigureComputeResource_Task) soap.HasFault {
	ref := c.lab.task(ctx, c.Self, "ReconfigureComputeResource_Task", "reconfigureEx", func() (types.AnyType, types.BaseMethodFault) {
		return nil, c.lab.reconfigureCluster(ctx, c.ClusterComputeResource, req)
	})
	return &methods.ReconfigureComputeResource_TaskBody{Res: &types.ReconfigureComputeResource_TaskResponse{Returnval: ref}}
}

func (l *Lab) reconfigureCluster(
	ctx *simulator.Context, c *simulator.ClusterComputeResource, req *types.ReconfigureComputeResource_Task,
) types.BaseMethodFault {
	cfg := c.ConfigurationEx.(*types.ClusterConfigInfoEx)
	das, drs := cfg.DasConfig, cfg.DrsConfig
	spec, ok := req.Spec.(*types.ClusterConfigSpecEx)
	if ok && spec.DasConfig != nil {
		if !req.Modify {
			das = types.ClusterDasConfigInfo{}
		}
		merge(&das, spec.DasConfig)
	}
	if ok && spec.DrsConfig != nil {
		if !req.Modify {
			drs = types.ClusterDrsConfigInfo{}
		}
		merge(&drs, spec.DrsConfig)
	}
	res := c.ReconfigureComputeResourceTask(ctx, req).(*methods.ReconfigureComputeResource_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	cfg.DasConfig, cfg.DrsConfig = das, drs
	if ok && spec.SpbmEnabled != nil {
		cfg.SpbmEnabled = spec.SpbmEnabled
	}
	if ok && spec.DpmConfig != nil {
		cfg.DpmConfigInfo = spec.DpmConfig
	}
	uniqueRules(cfg.Rule)
	ctx.Update(c, []types.PropertyChange{{Name: "configurationEx", Val: cfg}})
	return nil
}

// uniqueRules mends rule keys that the simulator gave twice, as it counts anew after a restart.
func uniqueRules(rules []types.BaseClusterRuleInfo) {
	seen, highest := map[int32]bool{}, int32(0)
	for _, r := range rules {
		highest = max(highest, r.GetClusterRuleInfo().Key)
	}
	for _, r := range rules {
		info := r.GetClusterRuleInfo()
		if seen[info.Key] {
			highest++
			info.Key = highest
		}
		seen[info.Key] = true
	}
}

// DestroyTask removes an empty cluster with its hosts and pools.
func (c *Cluster) DestroyTask(ctx *simulator.Context, _ *types.Destroy_Task) soap.HasFault {
	ref := c.lab.task(ctx, c.Self, "Destroy_Task", "destroy", func() (types.AnyType, types.BaseMethodFault) {
		return nil, destroyCluster(ctx, c.ClusterComputeResource)
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: ref}}
}

func destroyCluster(ctx *simulator.Context, c *simulator.ClusterComputeResource) types.BaseMethodFault {
	for _, ref := range c.Host {
		if h, ok := ctx.Map.Get(ref).(*simulator.HostSystem); ok && len(h.Vm) > 0 {
			return &types.ResourceInUse{Type: "ClusterComputeResource", Name: c.Name}
		}
	}
	for _, ref := range c.Host {
		ctx.Map.Remove(ctx, ref)
	}
	if c.ResourcePool != nil {
		removePools(ctx, *c.ResourcePool)
	}
	folder, ok := ctx.Map.Get(*c.Parent).(*simulator.Folder)
	ctx.Map.Remove(ctx, c.Self)
	if ok {
		ctx.Map.RemoveReference(ctx, folder, &folder.ChildEntity, c.Self)
	}
	return nil
}

func removePools(ctx *simulator.Context, ref types.ManagedObjectReference) {
	if pool, ok := ctx.Map.Get(ref).(*simulator.ResourcePool); ok {
		for _, child := range pool.ResourcePool.ResourcePool {
			removePools(ctx, child)
		}
	}
	ctx.Map.Remove(ctx, ref)
}

// Switch is a distributed switch that can make one port group at a time.
type Switch struct {
	*simulator.DistributedVirtualSwitch
	lab *Lab
}

// CreateDVPortgroupTask adds one port group and answers with it.
func (s *Switch) CreateDVPortgroupTask(ctx *simulator.Context, req *types.CreateDVPortgroup_Task) soap.HasFault {
	dvs := s.DistributedVirtualSwitch
	ref := s.lab.task(ctx, s.Self, "CreateDVPortgroup_Task", "createPortgroup", func() (types.AnyType, types.BaseMethodFault) {
		before := map[types.ManagedObjectReference]bool{}
		for _, p := range dvs.Portgroup {
			before[p] = true
		}
		add := &types.AddDVPortgroup_Task{This: dvs.Self, Spec: []types.DVPortgroupConfigSpec{req.Spec}}
		res := dvs.AddDVPortgroupTask(ctx, add).(*methods.AddDVPortgroup_TaskBody)
		if _, fault := await(ctx, res.Res.Returnval); fault != nil {
			return nil, fault
		}
		for _, p := range dvs.Portgroup {
			if !before[p] {
				if pg, ok := ctx.Map.Get(p).(*simulator.DistributedVirtualPortgroup); ok {
					pg.Config.ConfigVersion = "1"
				}
				return p, nil
			}
		}
		return nil, new(types.NotFound)
	})
	return &methods.CreateDVPortgroup_TaskBody{Res: &types.CreateDVPortgroup_TaskResponse{Returnval: ref}}
}

// SwitchManager finds switches by uuid.
type SwitchManager struct {
	*simulator.DistributedVirtualSwitchManager
	lab *Lab
}

// QueryDvsByUuid finds a switch.
func (m *SwitchManager) QueryDvsByUuid(ctx *simulator.Context, req *types.QueryDvsByUuid) soap.HasFault {
	body := new(methods.QueryDvsByUuidBody)
	for _, e := range ctx.Map.All("DistributedVirtualSwitch") {
		if s, ok := e.(*simulator.DistributedVirtualSwitch); ok && s.Uuid == req.Uuid {
			ref := s.Self
			body.Res = &types.QueryDvsByUuidResponse{Returnval: &ref}
			return body
		}
	}
	body.Fault_ = simulator.Fault("no switch has this uuid", new(types.NotFound))
	return body
}
