package main

import (
	"fmt"
	"net/http"
	"sort"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// What happens to a host: it fails, goes into maintenance, comes back. HA and DRS do the one thing here that a capacity rule has to see:
// machines stand elsewhere afterwards, or nowhere.

type moved struct {
	Machine string `json:"machine"`
	To      string `json:"to"`
}

type hostReport struct {
	Host    string   `json:"host"`
	Cluster string   `json:"cluster"`
	State   string   `json:"state"`
	Moved   []moved  `json:"moved"`
	Stuck   []string `json:"stuck"`
}

type hostLine struct {
	Name    string   `json:"name"`
	Cluster string   `json:"cluster"`
	State   string   `json:"state"`
	Running []string `json:"running"`
}

// serveHosts lists every host with what runs on it.
func (l *Lab) serveHosts(w http.ResponseWriter) {
	out := []hostLine{}
	for _, e := range l.registry().All("HostSystem") {
		h, ok := e.(*simulator.HostSystem)
		if !ok {
			continue
		}
		line := hostLine{Name: h.Name, State: string(h.Runtime.ConnectionState), Running: []string{}}
		if h.Runtime.InMaintenanceMode {
			line.State = "maintenance"
		}
		if h.Parent != nil {
			line.Cluster = l.nameOf(l.svc.Context, *h.Parent)
		}
		for _, ref := range h.Vm {
			if vm, ok := l.registry().Get(ref).(*simulator.VirtualMachine); ok && isOn(vm) {
				line.Running = append(line.Running, vm.Name)
			}
		}
		sort.Strings(line.Running)
		out = append(out, line)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	reply(w, map[string]any{"hosts": out})
}

func (l *Lab) serveHost(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name   string `json:"name"`
		Action string `json:"action"`
	}
	if !decode(w, r, &body) {
		return
	}
	host := l.hostNamed(body.Name)
	if host == nil {
		http.Error(w, fmt.Sprintf("no host %q", body.Name), http.StatusNotFound)
		return
	}
	actions := map[string]func(*simulator.HostSystem, *simulator.ClusterComputeResource) (hostReport, error){
		"fail": l.failHost, "maintain": l.maintainHost, "recover": l.recoverHost,
	}
	act, ok := actions[body.Action]
	if !ok {
		http.Error(w, "action is fail, maintain or recover", http.StatusBadRequest)
		return
	}
	cluster, _ := l.registry().Get(*host.Parent).(*simulator.ClusterComputeResource)
	report, err := act(host, cluster)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	l.saver.touch()
	reply(w, report)
}

func (l *Lab) hostNamed(name string) *simulator.HostSystem {
	for _, e := range l.registry().All("HostSystem") {
		if h, ok := e.(*simulator.HostSystem); ok && h.Name == name {
			return h
		}
	}
	return nil
}

// failHost takes a host away without warning. Where HA watches the hosts, it restarts what ran there; nothing asks whether there is room,
// because HA itself asks for reservations only.
func (l *Lab) failHost(h *simulator.HostSystem, c *simulator.ClusterComputeResource) (hostReport, error) {
	l.setHost(h, types.HostSystemConnectionStateNotResponding, h.Runtime.InMaintenanceMode)
	report := hostReport{Host: h.Name, State: "notResponding", Moved: []moved{}, Stuck: []string{}}
	var watched bool
	if c != nil {
		report.Cluster, watched = c.Name, watches(c)
	}
	for _, vm := range l.byPriority(h, c) {
		if to := l.leastLoadedOf(c, h); watched && to != nil && isOn(vm) && priorityOf(c, vm) != "disabled" {
			l.moveTo(vm, h, to)
			report.Moved = append(report.Moved, moved{vm.Name, to.Name})
			continue
		}
		l.connection(vm, types.VirtualMachineConnectionStateDisconnected)
		if isOn(vm) {
			report.Stuck = append(report.Stuck, vm.Name)
		}
	}
	return report, nil
}

// maintainHost lets DRS evacuate a host first; without DRS nobody would, and a real task would wait for ever.
func (l *Lab) maintainHost(h *simulator.HostSystem, c *simulator.ClusterComputeResource) (hostReport, error) {
	report := hostReport{Host: h.Name, State: "maintenance", Moved: []moved{}, Stuck: []string{}}
	var running []*simulator.VirtualMachine
	for _, vm := range l.byPriority(h, c) {
		if isOn(vm) {
			running = append(running, vm)
		}
	}
	if c != nil {
		report.Cluster = c.Name
	}
	if len(running) > 0 {
		if c == nil || !truly(c.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig.Enabled) {
			return report, fmt.Errorf("%s runs %d machines and its cluster has no DRS to move them", h.Name, len(running))
		}
		if l.leastLoadedOf(c, h) == nil {
			return report, fmt.Errorf("%s runs %d machines and its cluster has no other host that could", h.Name, len(running))
		}
	}
	for _, vm := range running {
		to := l.leastLoadedOf(c, h)
		l.moveTo(vm, h, to)
		report.Moved = append(report.Moved, moved{vm.Name, to.Name})
	}
	l.setHost(h, types.HostSystemConnectionStateConnected, true)
	return report, nil
}

// recoverHost brings a host back as it was. Nothing returns by itself: DRS moves nothing here.
func (l *Lab) recoverHost(h *simulator.HostSystem, c *simulator.ClusterComputeResource) (hostReport, error) {
	l.setHost(h, types.HostSystemConnectionStateConnected, false)
	for _, vm := range l.byPriority(h, c) {
		l.connection(vm, types.VirtualMachineConnectionStateConnected)
	}
	report := hostReport{Host: h.Name, State: "connected", Moved: []moved{}, Stuck: []string{}}
	if c != nil {
		report.Cluster = c.Name
	}
	return report, nil
}

func (l *Lab) setHost(h *simulator.HostSystem, state types.HostSystemConnectionState, maintenance bool) {
	ctx, power := l.context(), types.HostSystemPowerStatePoweredOn
	if state != types.HostSystemConnectionStateConnected {
		power = types.HostSystemPowerStateUnknown
	}
	ctx.WithLock(h, func() {
		h.Runtime.ConnectionState, h.Runtime.PowerState, h.Runtime.InMaintenanceMode = state, power, maintenance
		ctx.Update(h, []types.PropertyChange{{Name: "runtime", Val: h.Runtime}})
		if h.Summary.Runtime != nil {
			*h.Summary.Runtime = h.Runtime
		}
	})
	if c, ok := l.registry().Get(*h.Parent).(*simulator.ClusterComputeResource); ok {
		ctx.WithLock(c, func() { effective(l, c) })
	}
}

// effective counts what a cluster has left: hosts that are connected and not in maintenance.
func effective(l *Lab, c *simulator.ClusterComputeResource) {
	s := c.Summary.GetComputeResourceSummary()
	s.EffectiveCpu, s.EffectiveMemory, s.NumEffectiveHosts = 0, 0, 0
	for _, ref := range c.Host {
		if h := get[*simulator.HostSystem](l, ref); usable(h) {
			hw := h.Summary.Hardware
			s.EffectiveCpu += hw.CpuMhz * int32(hw.NumCpuCores)
			s.EffectiveMemory += hw.MemorySize >> 20
			s.NumEffectiveHosts++
		}
	}
}

func usable(h *simulator.HostSystem) bool {
	return h.Runtime.ConnectionState == types.HostSystemConnectionStateConnected && !h.Runtime.InMaintenanceMode
}

func (l *Lab) connection(vm *simulator.VirtualMachine, state types.VirtualMachineConnectionState) {
	ctx := l.context()
	ctx.WithLock(vm, func() {
		ctx.Update(vm, []types.PropertyChange{{Name: "runtime.connectionState", Val: state}})
		vm.Summary.Runtime.ConnectionState = state
	})
}

// moveTo puts a machine on another host of its cluster.
func (l *Lab) moveTo(vm *simulator.VirtualMachine, from, to *simulator.HostSystem) {
	ctx := l.context()
	ctx.Map.RemoveReference(ctx, from, &from.Vm, vm.Self)
	ctx.Map.AddReference(ctx, to, &to.Vm, vm.Self)
	ctx.WithLock(vm, func() {
		ref, now := to.Self, time.Now()
		ctx.Update(vm, []types.PropertyChange{{Name: "runtime.host", Val: &ref}, {Name: "summary.runtime.host", Val: &ref}})
		if !usable(from) {
			vm.Runtime.BootTime, vm.Summary.Runtime.BootTime = &now, &now
		}
	})
	l.load(ctx, vm)
	ctx.WithLock(from, func() { sumUp(ctx, from) })
}

// leastLoadedOf is the usable host with most free memory, other than the one that machines leave.
func (l *Lab) leastLoadedOf(c *simulator.ClusterComputeResource, but *simulator.HostSystem) (best *simulator.HostSystem) {
	if c == nil {
		return nil
	}
	most := int64(0)
	for _, ref := range c.Host {
		h := get[*simulator.HostSystem](l, ref)
		if h == but || !usable(h) {
			continue
		}
		free := h.Summary.Hardware.MemorySize
		for _, ref := range h.Vm {
			if vm, ok := l.registry().Get(ref).(*simulator.VirtualMachine); ok && isOn(vm) {
				free -= int64(vm.Config.Hardware.MemoryMB) << 20
			}
		}
		if best == nil || free > most {
			best, most = h, free
		}
	}
	return best
}

var priorities = map[string]int{"highest": 0, "high": 1, "medium": 2, "low": 3, "lowest": 4, "disabled": 5}

// byPriority lists a host's machines in the order in which HA would restart them.
func (l *Lab) byPriority(h *simulator.HostSystem, c *simulator.ClusterComputeResource) (out []*simulator.VirtualMachine) {
	for _, ref := range append([]types.ManagedObjectReference{}, h.Vm...) {
		if vm, ok := l.registry().Get(ref).(*simulator.VirtualMachine); ok {
			out = append(out, vm)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := priorities[priorityOf(c, out[i])], priorities[priorityOf(c, out[j])]
		return a < b || a == b && out[i].Name < out[j].Name
	})
	return out
}

// priorityOf is a machine's restart priority: its own, else its cluster's.
func priorityOf(c *simulator.ClusterComputeResource, vm mo.Reference) string {
	if c == nil {
		return "medium"
	}
	cfg := c.ConfigurationEx.(*types.ClusterConfigInfoEx)
	for _, each := range cfg.DasVmConfig {
		if each.Key == vm.Reference() && each.DasSettings != nil && known(each.DasSettings.RestartPriority) {
			return each.DasSettings.RestartPriority
		}
	}
	if s := cfg.DasConfig.DefaultVmSettings; s != nil && known(s.RestartPriority) {
		return s.RestartPriority
	}
	return "medium"
}

func known(priority string) bool { _, ok := priorities[priority]; return ok }

func truly(b *bool) bool { return b != nil && *b }

// watches says whether HA of a cluster restarts what a failed host ran.
func watches(c *simulator.ClusterComputeResource) bool {
	das := c.ConfigurationEx.(*types.ClusterConfigInfoEx).DasConfig
	return truly(das.Enabled) && das.HostMonitoring == string(types.ClusterDasConfigInfoServiceStateEnabled)
}
