package main

import (
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// sessionBook ends logins: when told to, and after idling as long as a real vCenter allows. Its lock also guards the REST handler, which
// has none of its own.
type sessionBook struct {
	mu   sync.Mutex
	lab  *Lab
	rest http.Handler
}

func newSessionBook(l *Lab) *sessionBook { return &sessionBook{lab: l} }

// soap lists the logins that the session manager knows.
func (b *sessionBook) soap() []types.UserSession {
	reg := b.lab.registry()
	view := simulator.Session{Registry: simulator.NewRegistry(), Map: reg}
	m, ok := view.Get(reg.SessionManager().Self).(*simulator.SessionManager)
	if !ok {
		return nil
	}
	return m.SessionList
}

func (b *sessionBook) valid(r *http.Request) bool {
	for _, c := range r.CookiesNamed(soap.SessionCookieName) {
		for _, s := range b.soap() {
			if c.Value == s.Key || c.Value == `"`+s.Key+`"` {
				return true
			}
		}
	}
	user, password, ok := r.BasicAuth()
	if !ok || b.lab.svc.Listen == nil || b.lab.svc.Listen.User == nil {
		return false
	}
	want, _ := b.lab.svc.Listen.User.Password()
	return user == b.lab.svc.Listen.User.Username() && password == want
}

// restSessions reaches the logins of the REST handler, whose type is not exported.
func (b *sessionBook) restSessions() map[string]*rest.Session {
	if b.rest == nil {
		return nil
	}
	f := reflect.ValueOf(b.rest).Elem().FieldByName("Session")
	if !f.IsValid() {
		return nil
	}
	m, _ := f.Interface().(map[string]*rest.Session)
	return m
}

// expire ends every login that has been idle for longer than idle; 0 ends all.
func (b *sessionBook) expire(idle time.Duration) int {
	var keys []string
	alive := b.soap()
	b.lab.relays.keep(alive)
	for _, s := range alive {
		if time.Since(s.LastActiveTime) >= idle {
			keys = append(keys, s.Key)
		}
	}
	n := 0
	for _, k := range keys {
		ctx := b.lab.context()
		ctx.Session = new(simulator.Session)
		res := b.lab.registry().SessionManager().TerminateSession(ctx, &types.TerminateSession{SessionId: []string{k}})
		if res.Fault() == nil {
			n++
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, s := range b.restSessions() {
		if time.Since(s.LastAccessed) >= idle {
			delete(b.restSessions(), id)
			n++
		}
	}
	return n
}

// sweep applies the idle limit; it is called before every request, so that a limit of a second is a limit of a second.
func (b *sessionBook) sweep() {
	if ttl := b.lab.current().SessionTTL; ttl > 0 {
		b.expire(time.Duration(ttl * float64(time.Second)))
	}
}
