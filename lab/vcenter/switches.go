package main

import (
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

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
					inherit(pg)
				}
				return p, nil
			}
		}
		return nil, new(types.NotFound)
	})
	return &methods.CreateDVPortgroup_TaskBody{Res: &types.CreateDVPortgroup_TaskResponse{Returnval: ref}}
}

// AddDVPortgroupTask adds port groups that inherit what they do not say.
func (s *Switch) AddDVPortgroupTask(ctx *simulator.Context, req *types.AddDVPortgroup_Task) soap.HasFault {
	dvs := s.DistributedVirtualSwitch
	ref := s.lab.task(ctx, s.Self, "AddDVPortgroup_Task", "addPortgroups", func() (types.AnyType, types.BaseMethodFault) {
		res := dvs.AddDVPortgroupTask(ctx, req).(*methods.AddDVPortgroup_TaskBody)
		out, fault := await(ctx, res.Res.Returnval)
		for _, p := range dvs.Portgroup {
			if pg, ok := ctx.Map.Get(p).(*simulator.DistributedVirtualPortgroup); ok {
				inherit(pg)
			}
		}
		return out, fault
	})
	return &methods.AddDVPortgroup_TaskBody{Res: &types.AddDVPortgroup_TaskResponse{Returnval: ref}}
}

// inherit fills the uplink order of a port group that has none of its own.
func inherit(pg *simulator.DistributedVirtualPortgroup) {
	port, ok := pg.Config.DefaultPortConfig.(*types.VMwareDVSPortSetting)
	if !ok {
		return
	}
	if port.UplinkTeamingPolicy == nil {
		port.UplinkTeamingPolicy = teaming()
		port.UplinkTeamingPolicy.Inherited = true
	}
	if port.UplinkTeamingPolicy.UplinkPortOrder == nil {
		port.UplinkTeamingPolicy.UplinkPortOrder = teaming().UplinkPortOrder
		port.UplinkTeamingPolicy.UplinkPortOrder.Inherited = true
	}
}

// Portgroup is a distributed port group whose configuration is changed, not replaced.
type Portgroup struct {
	*simulator.DistributedVirtualPortgroup
	lab *Lab
}

// ReconfigureDVPortgroupTask merges what the specification sets.
func (p *Portgroup) ReconfigureDVPortgroupTask(ctx *simulator.Context, req *types.ReconfigureDVPortgroup_Task) soap.HasFault {
	pg := p.DistributedVirtualPortgroup
	ref := p.lab.task(ctx, p.Self, "ReconfigureDVPortgroup_Task", "reconfigure", func() (types.AnyType, types.BaseMethodFault) {
		now := pg.Config
		port := now.DefaultPortConfig
		if given, ok := req.Spec.DefaultPortConfig.(*types.VMwareDVSPortSetting); ok {
			if was, ok := port.(*types.VMwareDVSPortSetting); ok {
				merged := *was
				merge(&merged, given)
				port = &merged
			}
		}
		res := pg.ReconfigureDVPortgroupTask(ctx, req).(*methods.ReconfigureDVPortgroup_TaskBody)
		if _, fault := await(ctx, res.Res.Returnval); fault != nil {
			return nil, fault
		}
		merge(&now, &pg.Config)
		now.DefaultPortConfig = port
		version, _ := strconv.Atoi(now.ConfigVersion)
		now.ConfigVersion = strconv.Itoa(version + 1)
		pg.Config, pg.Name = now, now.Name
		pg.Entity().Name = now.Name
		inherit(pg)
		return nil, nil
	})
	return &methods.ReconfigureDVPortgroup_TaskBody{Res: &types.ReconfigureDVPortgroup_TaskResponse{Returnval: ref}}
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
