package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/vmware/govmomi/vim25/types"
)

// Inventory is what the estate says stands in the data centres; lab/vcenter/inventory.py writes it.
type Inventory struct {
	Name          string           `json:"name"`
	Datacenters   []DatacenterSpec `json:"datacenters"`
	TagCategories []CategorySpec   `json:"tag_categories"`
}

// DatacenterSpec is one site: its datacenter object and everything in it.
type DatacenterSpec struct {
	Name       string          `json:"name"`
	Folder     string          `json:"folder"`
	Clusters   []ClusterSpec   `json:"clusters"`
	Datastores []DatastoreSpec `json:"datastores"`
	Networks   []NetworkSpec   `json:"networks"`
	VMs        []VMSpec        `json:"vms"`
	Templates  []VMSpec        `json:"templates"`
}

// ClusterSpec is a cluster, its high availability and its hosts.
type ClusterSpec struct {
	Name       string     `json:"name"`
	Pool       string     `json:"pool"`
	Pools      []PoolSpec `json:"pools"`
	HA         HASpec     `json:"ha"`
	DRS        bool       `json:"drs"`
	Hosts      []HostSpec `json:"hosts"`
	Datastores []string   `json:"datastores"`
}

// PoolSpec is a resource pool; parent is another pool of the cluster, or empty for its root.
type PoolSpec struct {
	Name              string `json:"name"`
	Parent            string `json:"parent"`
	CPUReservationMHz int64  `json:"cpu_reservation_mhz"`
	MemoryReservation int64  `json:"memory_reservation"`
	Expandable        bool   `json:"expandable"`
}

// config is the pool as the API wants it; memory there is in MiB.
func (p PoolSpec) config() types.ResourceConfigSpec {
	spec := types.DefaultResourceConfigSpec()
	for part, reserved := range map[*types.ResourceAllocationInfo]int64{
		&spec.CpuAllocation: p.CPUReservationMHz, &spec.MemoryAllocation: p.MemoryReservation >> 20,
	} {
		part.Reservation, part.ExpandableReservation = types.NewInt64(reserved), types.NewBool(p.Expandable)
	}
	return spec
}

// HostSpec is an ESXi host's hardware.
type HostSpec struct {
	Name        string `json:"name"`
	Cores       int16  `json:"cores"`
	MHz         int32  `json:"mhz"`
	MemoryBytes int64  `json:"memory_bytes"`
	NUMANodes   int32  `json:"numa_nodes"`
}

// DatastoreSpec is a datastore and its size.
type DatastoreSpec struct {
	Name          string `json:"name"`
	CapacityBytes int64  `json:"capacity_bytes"`
}

// NetworkSpec is a port group; switch is "standard" or "distributed".
type NetworkSpec struct {
	Name   string `json:"name"`
	VLAN   int32  `json:"vlan"`
	Switch string `json:"switch"`
}

// VMSpec is a virtual machine with content on its disks.
type VMSpec struct {
	Name        string            `json:"name"`
	UUID        string            `json:"uuid"`
	Folder      string            `json:"folder"`
	Cluster     string            `json:"cluster"`
	Host        string            `json:"host"`
	Datastore   string            `json:"datastore"`
	CPUs        int32             `json:"cpus"`
	MemoryBytes int64             `json:"memory_bytes"`
	GuestID     string            `json:"guest_id"`
	OS          string            `json:"os"`
	Firmware    string            `json:"firmware"`
	SecureBoot  bool              `json:"secure_boot"`
	Annotation  string            `json:"annotation"`
	Hostname    string            `json:"hostname"`
	MachineID   string            `json:"machine_id"`
	Tags        map[string]string `json:"tags"`
	NICs        []NICSpec         `json:"nics"`
	Addresses   map[string]string `json:"addresses"`
	Disks       []DiskSpec        `json:"disks"`
	CBT         bool              `json:"cbt"`
	PoweredOn   bool              `json:"powered_on"`
}

// NICSpec is a network card; an empty mac is generated.
type NICSpec struct {
	Network string `json:"network"`
	Address string `json:"address"`
	MAC     string `json:"mac"`
}

// DiskSpec is a virtual disk; seed_bytes of pseudo-random payload are written from 16 MiB on.
type DiskSpec struct {
	Name      string `json:"name"`
	Label     string `json:"label"`
	SizeBytes int64  `json:"size_bytes"`
	UUID      string `json:"uuid"`
	Unit      int32  `json:"unit"`
	SeedBytes int64  `json:"seed_bytes"`
}

// CategorySpec is a tag category with its tags.
type CategorySpec struct {
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	Cardinality     string   `json:"cardinality"`
	AssociableTypes []string `json:"associable_types"`
	Tags            []string `json:"tags"`
}

func readInventory(path string) (*Inventory, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	inv := new(Inventory)
	if err := json.Unmarshal(raw, inv); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return inv, nil
}
