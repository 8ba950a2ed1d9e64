// Command lab-vcenter is the lab's vCenter: an estate's data centres, answered to real clients, with disks that hold data.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

type options struct {
	inventory, state, listen, nbd, user, passwordFile, tokenFile string
}

func main() {
	var o options
	flag.StringVar(&o.inventory, "inventory", "", "inventory.json of the estate; ignored when the state folder holds a state")
	flag.StringVar(&o.state, "state", "", "folder of the lab's state")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the API")
	flag.StringVar(&o.nbd, "nbd", "127.0.0.1:0", "address of the disk server")
	flag.StringVar(&o.user, "user", "administrator@vsphere.local", "the user that may log in")
	flag.StringVar(&o.passwordFile, "password-file", "", "file with the user's password")
	flag.StringVar(&o.tokenFile, "control-token-file", "", "file with the token of the control endpoint; without it there is none")
	flag.Parse()
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	log.SetOutput(quiet{os.Stderr})
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "lab-vcenter:", err)
		os.Exit(1)
	}
}

// quiet drops the simulator's complaint about log files of machines that it has restored.
type quiet struct{ io.Writer }

// Write passes lines on.
func (q quiet) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("open : no such file")) {
		return len(p), nil
	}
	return q.Writer.Write(p)
}

func secret(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	raw, err := os.ReadFile(file)
	return strings.TrimSpace(string(raw)), err
}

func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address; the lab serves this machine only", addr)
	}
	return nil
}

func run(o options) error {
	for _, addr := range []string{o.listen, o.nbd} {
		if err := loopback(addr); err != nil {
			return err
		}
	}
	if o.state == "" {
		return fmt.Errorf("--state is needed")
	}
	dir, err := filepath.Abs(o.state)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer unlock()
	saved, err := readState(dir)
	if err != nil {
		return err
	}
	var inv *Inventory
	if saved != nil {
		inv = saved.Inventory
	} else if inv, err = readInventory(o.inventory); err != nil {
		return err
	}
	return serve(o, dir, inv, saved)
}

// lockFolder keeps a second lab out of the same state folder.
func lockFolder(dir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another lab runs on %s", dir)
	}
	return func() { f.Close() }, nil
}

func serve(o options, dir string, inv *Inventory, saved *State) error {
	password, err := secret(o.passwordFile)
	if err != nil {
		return err
	}
	token, err := secret(o.tokenFile)
	if err != nil {
		return err
	}
	pair, caFile, err := certificate(dir)
	if err != nil {
		return err
	}
	model := simulator.VPX()
	model.Datacenter = 0
	about := &model.ServiceContent.About
	about.ApiVersion, about.Version, about.FullName = "8.0.3.0", "8.0.3", "VMware vCenter Server 8.0.3 (incline lab)"
	if err := model.Create(); err != nil {
		return err
	}
	defer model.Remove()
	l := newLab(dir, inv)
	l.svc, l.token, l.saver = model.Service, []byte(token), newSaver(l)
	if instance, ok := l.registry().Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance); ok {
		instance.Content.About.InstanceUuid = stableUUID(inv.Name, "vcenter")
	}
	l.registry().Handler = l.hook
	if l.nbd, err = listenNBD(l, o.nbd); err != nil {
		return err
	}
	svc := model.Service
	svc.Listen = &url.URL{Host: o.listen, User: url.UserPassword(o.user, password)}
	svc.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	svc.RegisterEndpoints = true
	ready := make(chan struct{})
	server := svc.NewServer()
	inner := server.Config.Handler
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-ready
		l.front(inner).ServeHTTP(w, r)
	})
	l.sessions.rest = restHandler(svc)
	l.tags = &tagBook{lab: l, handler: l.sessions.rest}
	if err := l.populate(saved); err != nil {
		return err
	}
	l.saver.enable()
	if err := l.saver.save(); err != nil {
		return err
	}
	close(ready)
	go l.nbd.serve()
	host := server.URL.Host
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{
		"url": "https://" + host, "host": host, "nbd": l.nbd.listener.Addr().String(), "ca_file": caFile,
	}); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	l.nbd.listener.Close()
	server.Listener.Close()
	return l.saver.save()
}

// populate builds the inventory anew, or what a restart needs of it and then the saved objects.
func (l *Lab) populate(saved *State) error {
	b, err := l.builder()
	if err != nil {
		return err
	}
	if saved == nil {
		if err := l.tags.build(l.inv); err != nil {
			return err
		}
	}
	var sites []*site
	for _, dc := range l.inv.Datacenters {
		s, err := b.infrastructure(dc)
		if err != nil {
			return err
		}
		sites = append(sites, s)
	}
	if saved != nil {
		if err := l.restore(saved); err != nil {
			return err
		}
	}
	ctx := l.context()
	l.recount(ctx)
	if saved != nil {
		return nil
	}
	for _, s := range sites {
		for _, vm := range s.spec.VMs {
			if err := b.machine(s, vm, false); err != nil {
				return err
			}
		}
		for _, vm := range s.spec.Templates {
			if err := b.machine(s, vm, true); err != nil {
				return err
			}
		}
	}
	return nil
}
