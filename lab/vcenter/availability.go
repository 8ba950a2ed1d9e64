package main

import (
	"math"

	"github.com/vmware/govmomi/vim25/types"
)

// HASpec is vSphere HA as the estate words it; what the estate does not say stays unset.
type HASpec struct {
	Enabled              bool   `json:"enabled"`
	Admission            string `json:"admission"`
	HostFailures         int32  `json:"host_failures"`
	CPUPercent           *int32 `json:"cpu_percent"`
	MemoryPercent        *int32 `json:"memory_percent"`
	HostMonitoring       *bool  `json:"host_monitoring"`
	IsolationResponse    string `json:"isolation_response"`
	PDLResponse          string `json:"pdl_response"`
	APDResponse          string `json:"apd_response"`
	RestartPriority      string `json:"restart_priority"`
	PerformanceTolerance *int32 `json:"performance_tolerance"`
	RespectsAntiAffinity bool   `json:"respects_anti_affinity"`
}

func highAvailability(spec ClusterSpec) *types.ClusterConfigSpecEx {
	ha := spec.HA
	das := &types.ClusterDasConfigInfo{
		Enabled: types.NewBool(ha.Enabled), HostMonitoring: service(ha.HostMonitoring == nil || *ha.HostMonitoring),
		VmMonitoring:            string(types.ClusterDasConfigInfoVmMonitoringStateVmMonitoringDisabled),
		AdmissionControlEnabled: types.NewBool(ha.Admission != "disabled"), FailoverLevel: ha.HostFailures,
		AdmissionControlPolicy: admission(spec), DefaultVmSettings: machineDefaults(ha),
	}
	if ha.PDLResponse != "" || ha.APDResponse != "" {
		das.VmComponentProtecting = service(protects(ha.PDLResponse) || protects(ha.APDResponse))
	}
	if ha.RespectsAntiAffinity {
		das.Option = []types.BaseOptionValue{&types.OptionValue{Key: "das.respectvmvmantiaffinityrules", Value: "true"}}
	}
	return &types.ClusterConfigSpecEx{
		DasConfig: das,
		DrsConfig: &types.ClusterDrsConfigInfo{
			Enabled: types.NewBool(spec.DRS), DefaultVmBehavior: types.DrsBehaviorFullyAutomated, VmotionRate: 3,
			EnableVmBehaviorOverrides: types.NewBool(true),
		},
	}
}

func admission(spec ClusterSpec) types.BaseClusterDasAdmissionControlPolicy {
	ha := spec.HA
	base := types.ClusterDasAdmissionControlPolicy{}
	if ha.PerformanceTolerance != nil {
		base.ResourceReductionToToleratePercent = ha.PerformanceTolerance
	}
	share := func(given *int32) int32 {
		if given != nil {
			return *given
		}
		return int32(math.Round(100 * float64(ha.HostFailures) / float64(max(1, len(spec.Hosts)))))
	}
	switch ha.Admission {
	case "percentage":
		return &types.ClusterFailoverResourcesAdmissionControlPolicy{
			ClusterDasAdmissionControlPolicy: base,
			CpuFailoverResourcesPercent:      share(ha.CPUPercent), MemoryFailoverResourcesPercent: share(ha.MemoryPercent),
			FailoverLevel: ha.HostFailures, AutoComputePercentages: types.NewBool(ha.CPUPercent == nil && ha.MemoryPercent == nil),
		}
	case "slots":
		return &types.ClusterFailoverLevelAdmissionControlPolicy{ClusterDasAdmissionControlPolicy: base, FailoverLevel: ha.HostFailures}
	case "failover-hosts":
		return &types.ClusterFailoverHostAdmissionControlPolicy{ClusterDasAdmissionControlPolicy: base, FailoverLevel: ha.HostFailures}
	}
	return nil
}

// machineDefaults is what HA does with every machine that has no setting of its own.
func machineDefaults(ha HASpec) *types.ClusterDasVmSettings {
	if ha.RestartPriority == "" && ha.IsolationResponse == "" && ha.PDLResponse == "" && ha.APDResponse == "" {
		return nil
	}
	settings := &types.ClusterDasVmSettings{RestartPriority: ha.RestartPriority, IsolationResponse: ha.IsolationResponse}
	if ha.PDLResponse != "" || ha.APDResponse != "" {
		settings.VmComponentProtectionSettings = &types.ClusterVmComponentProtectionSettings{
			VmStorageProtectionForAPD: ha.APDResponse, VmStorageProtectionForPDL: ha.PDLResponse,
		}
	}
	return settings
}

func protects(response string) bool { return response != "" && response != "disabled" }

func service(on bool) string {
	if on {
		return string(types.ClusterDasConfigInfoServiceStateEnabled)
	}
	return string(types.ClusterDasConfigInfoServiceStateDisabled)
}
