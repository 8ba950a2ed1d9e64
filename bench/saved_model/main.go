// Command saved-model serves a vCenter simulator for the discovery benchmark: a small one to save, or a saved one that was grown.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func main() {
	load := flag.String("load", "", "folder of a saved model; without it a small model is made")
	folder := flag.String("folder", ".", "where the certificate is written")
	flag.Parse()
	log.SetOutput(io.Discard)
	if err := serve(*load, *folder); err != nil {
		fmt.Fprintln(os.Stderr, "saved-model:", err)
		os.Exit(1)
	}
}

func serve(load, folder string) error {
	model := simulator.VPX()
	about := &model.ServiceContent.About
	about.ApiVersion, about.Version = "8.0.3.0", "8.0.3"
	model.Cluster, model.ClusterHost, model.Host, model.Machine = 2, 4, 0, 1
	var err error
	if load != "" {
		err = model.Load(load)
	} else {
		err = model.Create()
	}
	if err != nil {
		return err
	}
	defer model.Remove()
	service := model.Service
	service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("bench", "bench")}
	service.TLS, service.RegisterEndpoints = new(tls.Config), true
	server := service.NewServer()
	defer server.Close()
	if load == "" {
		if err := furnish(server.URL); err != nil {
			return err
		}
	}
	authority := filepath.Join(folder, "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"host": server.URL.Host, "ca_file": authority}); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	return nil
}

// furnish makes the first machine as full as real ones are: two disks, two cards, a note, a guest that answers.
func furnish(where *url.URL) error {
	ctx := context.Background()
	address := *where
	address.User = url.UserPassword("bench", "bench")
	client, err := govmomi.NewClient(ctx, &address, true)
	if err != nil {
		return err
	}
	defer client.Logout(ctx)
	finder := find.NewFinder(client.Client)
	vm, err := finder.VirtualMachine(ctx, "/DC0/vm/DC0_C0_RP0_VM0")
	if err != nil {
		return err
	}
	devices, err := vm.Device(ctx)
	if err != nil {
		return err
	}
	controller, err := devices.FindDiskController("")
	if err != nil {
		return err
	}
	disk := devices.CreateDisk(controller, types.ManagedObjectReference{}, "[LocalDS_0] DC0_C0_RP0_VM0/disk2.vmdk")
	disk.CapacityInKB = 40 << 20
	network, err := finder.Network(ctx, "/DC0/network/DC0_DVPG0")
	if err != nil {
		return err
	}
	backing, err := network.EthernetCardBackingInfo(ctx)
	if err != nil {
		return err
	}
	card, err := devices.CreateEthernetCard("vmxnet3", backing)
	if err != nil {
		return err
	}
	spec := types.VirtualMachineConfigSpec{Annotation: "a machine of the benchmark", GuestId: "debian12_64Guest"}
	for path, value := range map[string]string{
		"guest.hostName": "DC0_C0_RP0_VM0", "guest.ipAddress": "10.0.0.1", "guest.toolsStatus": "toolsOk",
		"guest.toolsRunningStatus": "guestToolsRunning", "guest.guestId": "debian12_64Guest", "guest.guestFullName": "Debian GNU/Linux 12 (64-bit)",
	} {
		spec.ExtraConfig = append(spec.ExtraConfig, &types.OptionValue{Key: "SET." + path, Value: value})
	}
	for _, device := range []types.BaseVirtualDevice{disk, card} {
		change := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: device}
		if device == disk {
			change.FileOperation = types.VirtualDeviceConfigSpecFileOperationCreate
		}
		spec.DeviceChange = append(spec.DeviceChange, change)
	}
	task, err := vm.Reconfigure(ctx, spec)
	if err != nil {
		return err
	}
	return task.Wait(ctx)
}
