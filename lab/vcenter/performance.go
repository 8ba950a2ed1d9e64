package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Stored performance. No guest runs here, so there is nothing to measure: what the lab "has stored" is SYNTHETIC, made from the names and
// sizes of what stands in it and from the time of day, the same whenever it is asked for. It is there so that the reading of counters, the
// forecasts and the rules have something with the shape of a city's load: office hours, quiet week-ends, slow growth.
// Real-time samples (20 s) stay the simulator's noise.

// Performance answers for stored intervals.
type Performance struct {
	*simulator.PerformanceManager
	lab *Lab
}

// kept is how far back vCenter keeps each stored interval.
var kept = map[int32]time.Duration{
	300: 24 * time.Hour, 1800: 7 * 24 * time.Hour, 7200: 30 * 24 * time.Hour, 86400: 365 * 24 * time.Hour,
}

// QueryPerf answers stored intervals; entities that have no samples are left out, as vCenter leaves them out.
func (p *Performance) QueryPerf(ctx *simulator.Context, req *types.QueryPerf) soap.HasFault {
	for _, q := range req.QuerySpec {
		if _, ok := kept[q.IntervalId]; !ok {
			return p.PerformanceManager.QueryPerf(ctx, req)
		}
	}
	counters := map[int32]string{}
	for _, c := range p.PerfCounter {
		counters[c.Key] = c.GroupInfo.GetElementDescription().Key + "." + c.NameInfo.GetElementDescription().Key + "." + string(c.RollupType)
	}
	res := new(types.QueryPerfResponse)
	for _, q := range req.QuerySpec {
		if answer := p.lab.stored(ctx, q, counters); answer != nil {
			res.Returnval = append(res.Returnval, answer)
		}
	}
	return &methods.QueryPerfBody{Res: res}
}

// gauge tells the load of any moment, by counter; a counter that it does not tell is not stored.
type gauge struct {
	since  time.Time
	values func(t time.Time) map[string]float64
	split  map[string]int // counters that come by device, and how many devices
}

func (l *Lab) stored(ctx *simulator.Context, q types.PerfQuerySpec, counters map[int32]string) types.BasePerfEntityMetricBase {
	g := l.gauge(ctx, q.Entity)
	if g == nil {
		return nil
	}
	moments := ticks(q, g.since)
	if len(moments) == 0 {
		return nil
	}
	values := make([]map[string]float64, len(moments))
	for i, t := range moments {
		values[i] = g.values(t)
	}
	var series []*types.PerfMetricIntSeries
	for _, id := range q.MetricId {
		name := counters[id.CounterId]
		if _, ok := values[0][name]; !ok {
			continue
		}
		devices := max(1, g.split[name])
		for d := range devices {
			one := &types.PerfMetricIntSeries{Value: make([]int64, len(moments))}
			one.Id = types.PerfMetricId{CounterId: id.CounterId}
			if g.split[name] > 0 {
				one.Id.Instance = fmt.Sprintf("scsi0:%d", d)
			}
			for i := range moments {
				one.Value[i] = int64(math.Round(values[i][name] / float64(devices)))
			}
			series = append(series, one)
		}
	}
	return answer(q, moments, series)
}

// ticks are the ends of the intervals that vCenter has stored since the moment asked for, oldest first.
func ticks(q types.PerfQuerySpec, since time.Time) (out []time.Time) {
	step := time.Duration(q.IntervalId) * time.Second
	now := time.Now().UTC()
	from := now.Add(-kept[q.IntervalId])
	for _, t := range []*time.Time{&since, q.StartTime} {
		if t != nil && t.After(from) {
			from = *t
		}
	}
	to := now
	if q.EndTime != nil && q.EndTime.Before(to) {
		to = *q.EndTime
	}
	for t := from.UTC().Truncate(step).Add(step); !t.After(to); t = t.Add(step) {
		out = append(out, t)
	}
	if most := int(q.MaxSample); most > 0 && len(out) > most {
		out = out[len(out)-most:]
	}
	return out
}

func answer(q types.PerfQuerySpec, moments []time.Time, series []*types.PerfMetricIntSeries) types.BasePerfEntityMetricBase {
	base := types.PerfEntityMetricBase{Entity: q.Entity}
	if q.Format != string(types.PerfFormatCsv) {
		full := &types.PerfEntityMetric{PerfEntityMetricBase: base}
		for _, t := range moments {
			full.SampleInfo = append(full.SampleInfo, types.PerfSampleInfo{Timestamp: t, Interval: q.IntervalId})
		}
		for _, s := range series {
			full.Value = append(full.Value, s)
		}
		return full
	}
	var stamps []string
	for _, t := range moments {
		stamps = append(stamps, strconv.Itoa(int(q.IntervalId)), t.Format(time.RFC3339))
	}
	short := &types.PerfEntityMetricCSV{PerfEntityMetricBase: base, SampleInfoCSV: strings.Join(stamps, ",")}
	for _, s := range series {
		texts := make([]string, len(s.Value))
		for i, v := range s.Value {
			texts[i] = strconv.FormatInt(v, 10)
		}
		short.Value = append(short.Value, types.PerfMetricSeriesCSV{
			PerfMetricSeries: types.PerfMetricSeries{Id: s.Id}, Value: strings.Join(texts, ","),
		})
	}
	return short
}

func (l *Lab) gauge(ctx *simulator.Context, ref types.ManagedObjectReference) *gauge {
	switch o := ctx.Map.Get(ref).(type) {
	case *simulator.VirtualMachine:
		return l.machineGauge(ctx, o)
	case *simulator.ClusterComputeResource:
		return l.clusterGauge(ctx, o)
	case *simulator.Datastore:
		return datastoreGauge(o)
	}
	return nil
}

const (
	readCounter, writeCounter   = "virtualDisk.numberReadAveraged.average", "virtualDisk.numberWriteAveraged.average"
	readsCounter, writesCounter = "virtualDisk.read.average", "virtualDisk.write.average"
	kibPerOperation             = 16
)

// machineGauge: a running machine uses half to three fifths of its processors at its busiest, touches as much of its memory, and does some
// dozen disk operations a second for each processor. One that is off has stored nothing.
func (l *Lab) machineGauge(ctx *simulator.Context, vm *simulator.VirtualMachine) *gauge {
	host, ok := ctx.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok || !isOn(vm) {
		return nil
	}
	name, cpus := vm.Name, float64(vm.Config.Hardware.NumCPU)
	mhz, kib := cpus*float64(host.Summary.Hardware.CpuMhz), float64(vm.Config.Hardware.MemoryMB)*1024
	disks := len(virtualDisks(vm.Config.Hardware.Device))
	return &gauge{
		since: l.storedSince(vm),
		split: map[string]int{readCounter: disks, writeCounter: disks, readsCounter: disks, writesCounter: disks},
		values: func(t time.Time) map[string]float64 {
			busy := busyness(name, t)
			operations := cpus * between(name+"/io", 20, 90) * busy
			return map[string]float64{
				"cpu.usagemhz.average": mhz * between(name+"/cpu", 0.52, 0.60) * busy,
				"mem.active.average":   kib * between(name+"/mem", 0.55, 0.70) * (0.85 + 0.15*busy),
				"mem.consumed.average": kib * 0.9,
				readCounter:            operations * 0.6,
				writeCounter:           operations * 0.4,
				readsCounter:           operations * 0.6 * kibPerOperation,
				writesCounter:          operations * 0.4 * kibPerOperation,
			}
		},
	}
}

// storedSince: the estate's machines have run for ever; one that came later has stored nothing from before.
func (l *Lab) storedSince(vm *simulator.VirtualMachine) time.Time {
	for _, dc := range l.inv.Datacenters {
		for _, spec := range dc.VMs {
			if spec.Name == vm.Name {
				return time.Time{}
			}
		}
	}
	if vm.Config.CreateDate != nil {
		return *vm.Config.CreateDate
	}
	return time.Now()
}

// clusterGauge adds up what runs in a cluster now, and takes it back in time along its growth.
func (l *Lab) clusterGauge(ctx *simulator.Context, c *simulator.ClusterComputeResource) *gauge {
	var mhz, kib float64
	for _, ref := range c.Host {
		host := get[*simulator.HostSystem](l, ref)
		for _, ref := range host.Vm {
			if vm, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine); ok && isOn(vm) {
				mhz += float64(vm.Config.Hardware.NumCPU) * float64(host.Summary.Hardware.CpuMhz) * between(vm.Name+"/cpu", 0.52, 0.60)
				kib += float64(vm.Config.Hardware.MemoryMB) * 1024 * 0.9
			}
		}
	}
	name := c.Name
	return &gauge{values: func(t time.Time) map[string]float64 {
		grown := growth(name, t, 0.05, 0.12)
		return map[string]float64{
			"cpu.usagemhz.maximum": mhz * grown * busyness(name, noon(t)),
			"cpu.usagemhz.average": mhz * grown * busyness(name, t),
			"mem.consumed.maximum": kib * grown * (0.97 + 0.03*busyness(name, noon(t))),
			"mem.consumed.average": kib * grown * 0.97,
		}
	}}
}

// datastoreGauge ends with what is used now.
func datastoreGauge(ds *simulator.Datastore) *gauge {
	name, used := ds.Name, float64(ds.Summary.Capacity-ds.Summary.FreeSpace)/1024
	return &gauge{values: func(t time.Time) map[string]float64 {
		return map[string]float64{"disk.used.latest": used * growth(name, t, 0.08, 0.20)}
	}}
}

// noon is the busiest moment of the day that an interval's end belongs to.
func noon(end time.Time) time.Time {
	return end.Add(-time.Second).Truncate(24 * time.Hour).Add(13 * time.Hour)
}

// busyness runs from a third at night to one in the early afternoon of a working day, give or take a twentieth.
func busyness(name string, t time.Time) float64 {
	hour := float64(t.Hour()) + float64(t.Minute())/60
	level := 0.35 + 0.65*math.Max(0, math.Sin(math.Pi*(hour-6)/14))
	if day := t.Weekday(); day == time.Saturday || day == time.Sunday {
		level *= 0.6
	}
	return level * between(fmt.Sprintf("%s/%d", name, t.Unix()/300), 0.95, 1.0)
}

// growth is the part of today's demand that there was at a moment, at a yearly rate that belongs to the name.
func growth(name string, t time.Time, low, high float64) float64 {
	years := time.Now().Truncate(24*time.Hour).Sub(t.Truncate(24*time.Hour)).Hours() / (365 * 24) // whole days: two looks tell the same
	return math.Max(0, 1-between(name+"/growth", low, high)*years)
}

// between picks a number that belongs to a name.
func between(name string, low, high float64) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	mixed := h.Sum64()
	mixed ^= mixed >> 33 // neighbouring names differ in the low bits only
	mixed *= 0xff51afd7ed558ccd
	mixed ^= mixed >> 33
	return low + (high-low)*float64(mixed>>11)/float64(1<<53)
}
