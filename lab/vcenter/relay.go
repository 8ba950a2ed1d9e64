package main

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// relays tell every login's property collector what changes. The simulator keeps one listener per object id, and the collectors of all
// logins have the same id: the last login to wait would be the only one to hear anything, and every other client's wait for a task
// would never end.
type relays struct {
	lab *Lab
	mu  sync.Mutex
	by  map[string]*relay // login key -> listener
}

type relay struct {
	self      types.ManagedObjectReference
	collector *simulator.PropertyCollector
}

func newRelays(l *Lab) *relays { return &relays{lab: l, by: map[string]*relay{}} }

// Reference is an id of the listener's own.
func (r *relay) Reference() types.ManagedObjectReference { return r.self }

func (r *relay) wanted() bool { return r.collector != nil && len(r.collector.Filter) > 0 }

// PutObject passes on.
func (r *relay) PutObject(ctx *simulator.Context, o mo.Reference) {
	if r.wanted() {
		r.collector.PutObject(ctx, o)
	}
}

// UpdateObject passes on.
func (r *relay) UpdateObject(ctx *simulator.Context, o mo.Reference, changes []types.PropertyChange) {
	if r.wanted() {
		r.collector.UpdateObject(ctx, o, changes)
	}
}

// RemoveObject passes on.
func (r *relay) RemoveObject(ctx *simulator.Context, ref types.ManagedObjectReference) {
	if r.wanted() {
		r.collector.RemoveObject(ctx, ref)
	}
}

func (s *relays) root() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "PropertyCollector", Value: "propertyCollector"}
}

// listen gives a login that is about to wait on the common collector a listener of its own.
func (s *relays) listen(session *simulator.Session, this types.ManagedObjectReference) {
	if this != s.root() {
		return
	}
	collector, ok := session.Get(this).(*simulator.PropertyCollector)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.by[session.Key]; ok && r.collector == collector {
		return
	}
	r := &relay{self: types.ManagedObjectReference{Type: "PropertyCollector", Value: "lab-" + session.Key}, collector: collector}
	s.by[session.Key] = r
	s.lab.registry().AddHandler(r)
}

// single takes the common listener away that a wait has just set; the login has its own.
func (s *relays) single() { s.lab.registry().RemoveHandler(&relay{self: s.root()}) }

// keep drops the listeners of logins that are gone.
func (s *relays) keep(alive []types.UserSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) == 0 {
		return
	}
	keys := make(map[string]bool, len(alive))
	for _, u := range alive {
		keys[u.Key] = true
	}
	for key, r := range s.by {
		if !keys[key] {
			s.lab.registry().RemoveHandler(r)
			delete(s.by, key)
		}
	}
}
