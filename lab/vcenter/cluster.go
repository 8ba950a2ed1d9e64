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
	before := *cfg
	res := c.ReconfigureComputeResourceTask(ctx, req).(*methods.ReconfigureComputeResource_TaskBody)
	if _, fault := await(ctx, res.Res.Returnval); fault != nil {
		return fault
	}
	cfg.DasConfig, cfg.DrsConfig = before.DasConfig, before.DrsConfig
	if spec, ok := req.Spec.(*types.ClusterConfigSpecEx); ok {
		configure(cfg, spec, req.Modify)
	}
	uniqueRules(cfg.Rule)
	ctx.Update(c, []types.PropertyChange{{Name: "configurationEx", Val: cfg}})
	return nil
}

// configure lays a specification over a cluster's configuration; without modify the parts that it names are replaced.
func configure(cfg *types.ClusterConfigInfoEx, spec *types.ClusterConfigSpecEx, modify bool) {
	blank := defaultClusterConfig()
	if spec.DasConfig != nil {
		if !modify {
			cfg.DasConfig = blank.DasConfig
		}
		merge(&cfg.DasConfig, spec.DasConfig)
	}
	if spec.DrsConfig != nil {
		if !modify {
			cfg.DrsConfig = blank.DrsConfig
		}
		merge(&cfg.DrsConfig, spec.DrsConfig)
	}
	cfg.DpmConfigInfo = overlay(cfg.DpmConfigInfo, blank.DpmConfigInfo, spec.DpmConfig)
	cfg.InfraUpdateHaConfig = overlay(cfg.InfraUpdateHaConfig, blank.InfraUpdateHaConfig, spec.InfraUpdateHaConfig)
	cfg.ProactiveDrsConfig = overlay(cfg.ProactiveDrsConfig, blank.ProactiveDrsConfig, spec.ProactiveDrsConfig)
	cfg.Orchestration = overlay(cfg.Orchestration, blank.Orchestration, spec.Orchestration)
	if spec.SpbmEnabled != nil {
		cfg.SpbmEnabled = spec.SpbmEnabled
	}
	if spec.VmSwapPlacement != "" {
		cfg.VmSwapPlacement = spec.VmSwapPlacement
	}
}

// overlay merges what is given into what is there, or into the default.
func overlay[T any](now, otherwise, given *T) *T {
	if now == nil {
		now = otherwise
	}
	if given == nil {
		return now
	}
	merged := *now
	merge(&merged, given)
	return &merged
}

// defaultClusterConfig is what a new cluster of a real vCenter has.
func defaultClusterConfig() types.ClusterConfigInfoEx {
	no := types.NewBool(false)
	return types.ClusterConfigInfoEx{
		DasConfig: types.ClusterDasConfigInfo{
			Enabled: no, HostMonitoring: string(types.ClusterDasConfigInfoServiceStateEnabled),
			VmMonitoring:            string(types.ClusterDasConfigInfoVmMonitoringStateVmMonitoringDisabled),
			AdmissionControlEnabled: types.NewBool(true),
		},
		DrsConfig: types.ClusterDrsConfigInfo{
			Enabled: no, EnableVmBehaviorOverrides: types.NewBool(true), DefaultVmBehavior: types.DrsBehaviorFullyAutomated, VmotionRate: 3,
		},
		DpmConfigInfo: &types.ClusterDpmConfigInfo{Enabled: no, DefaultDpmBehavior: types.DpmBehaviorManual, HostPowerActionRate: 3},
		InfraUpdateHaConfig: &types.ClusterInfraUpdateHaConfigInfo{
			Enabled: no, Behavior: "Manual", ModerateRemediation: "QuarantineMode", SevereRemediation: "QuarantineMode",
		},
		ProactiveDrsConfig: &types.ClusterProactiveDrsConfigInfo{Enabled: no},
		Orchestration: &types.ClusterOrchestrationInfo{DefaultVmReadiness: &types.ClusterVmReadiness{
			ReadyCondition: string(types.ClusterVmReadinessReadyConditionNone),
		}},
	}
}

// CreateClusterEx makes a cluster that has the configuration asked for from the start.
func (f *Folder) CreateClusterEx(ctx *simulator.Context, req *types.CreateClusterEx) soap.HasFault {
	body := f.Folder.CreateClusterEx(ctx, req).(*methods.CreateClusterExBody)
	if body.Fault_ != nil {
		return body
	}
	if c, ok := ctx.Map.Get(body.Res.Returnval).(*simulator.ClusterComputeResource); ok {
		cfg := defaultClusterConfig()
		cfg.VmSwapPlacement = string(types.VirtualMachineConfigInfoSwapPlacementTypeVmDirectory)
		configure(&cfg, &req.Spec, true)
		c.ConfigurationEx = &cfg
	}
	f.lab.saver.touch()
	return body
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

// Pool is a resource pool that machines and pools can be moved into.
type Pool struct {
	*simulator.ResourcePool
	lab *Lab
}

// MoveIntoResourcePool moves machines and pools of the same cluster here.
func (p *Pool) MoveIntoResourcePool(ctx *simulator.Context, req *types.MoveIntoResourcePool) soap.HasFault {
	body := new(methods.MoveIntoResourcePoolBody)
	for _, ref := range req.List {
		if fault := p.lab.moveIntoPool(ctx, p.ResourcePool, ref); fault != nil {
			body.Fault_ = simulator.Fault("", fault)
			return body
		}
	}
	p.lab.saver.touch()
	body.Res = new(types.MoveIntoResourcePoolResponse)
	return body
}

func (l *Lab) moveIntoPool(ctx *simulator.Context, to *simulator.ResourcePool, ref types.ManagedObjectReference) types.BaseMethodFault {
	switch o := ctx.Map.Get(ref).(type) {
	case *simulator.VirtualMachine:
		if was, ok := poolOf(ctx, o.ResourcePool); ok {
			if was.Owner != to.Owner {
				return &types.InvalidArgument{InvalidProperty: "list"}
			}
			ctx.Map.RemoveReference(ctx, was, &was.Vm, ref)
		}
		ctx.Map.AddReference(ctx, to, &to.Vm, ref)
		pool := to.Self
		ctx.WithLock(o, func() {
			ctx.Update(o, []types.PropertyChange{{Name: "resourcePool", Val: pool}})
			o.ResourcePool = &pool
		})
	case *simulator.ResourcePool:
		was, ok := poolOf(ctx, o.Parent)
		if !ok || was.Owner != to.Owner || o == to {
			return &types.InvalidArgument{InvalidProperty: "list"}
		}
		ctx.Map.RemoveReference(ctx, was, &was.ResourcePool.ResourcePool, ref)
		ctx.Map.AddReference(ctx, to, &to.ResourcePool.ResourcePool, ref)
		parent := to.Self
		o.Parent = &parent
	default:
		return &types.ManagedObjectNotFound{Obj: ref}
	}
	return nil
}

func poolOf(ctx *simulator.Context, ref *types.ManagedObjectReference) (*simulator.ResourcePool, bool) {
	if ref == nil {
		return nil, false
	}
	pool, ok := ctx.Map.Get(*ref).(*simulator.ResourcePool)
	return pool, ok
}
