package main

import (
	"encoding/json"
	"math/rand"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

// FaultRule makes calls fail. Method is a SOAP method, "folder:GET", "folder:PUT", "nbd:read", "nbd:write" or "*"; object is a name, a
// managed object id, part of a path, or empty for any. The first `skip` matching calls pass, then `count` calls fail (0: all), each
// with `probability` (0 counts as 1). Fault is a vSphere fault type, or "HTTP<code>", "Disconnect" or "Corrupt" where bytes are served.
type FaultRule struct {
	Method      string  `json:"method"`
	Object      string  `json:"object"`
	Fault       string  `json:"fault"`
	Probability float64 `json:"probability"`
	Count       int     `json:"count"`
	Skip        int     `json:"skip"`
	Task        bool    `json:"task"` // the call succeeds, its task fails
	Message     string  `json:"message"`
	Hits        int     `json:"hits"`
}

type faultBook struct {
	mu    sync.Mutex
	rules []*FaultRule
	dice  *rand.Rand
}

func newFaultBook() *faultBook { return &faultBook{dice: rand.New(rand.NewSource(1))} }

func (b *faultBook) set(rules []*FaultRule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules, b.dice = rules, rand.New(rand.NewSource(1))
}

func (b *faultBook) list() []FaultRule {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []FaultRule{}
	for _, r := range b.rules {
		out = append(out, *r)
	}
	return out
}

// match finds the rule that strikes this call, if one does.
func (b *faultBook) match(method string, task bool, objects ...string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rules {
		if r.Task != task || (r.Method != "*" && r.Method != method) || !r.concerns(objects) {
			continue
		}
		if r.Skip > 0 {
			r.Skip--
			continue
		}
		if r.Count > 0 && r.Hits >= r.Count {
			continue
		}
		if r.Probability > 0 && b.dice.Float64() >= r.Probability {
			continue
		}
		r.Hits++
		return r.Fault
	}
	return ""
}

func (r *FaultRule) concerns(objects []string) bool {
	if r.Object == "" || r.Object == "*" {
		return true
	}
	for _, o := range objects {
		if o == r.Object || (strings.Contains(o, "/") && strings.Contains(o, r.Object)) {
			return true
		}
	}
	return false
}

func (b *faultBook) call(method string, ref types.ManagedObjectReference, name string) types.BaseMethodFault {
	return makeFault(b.match(method, false, ref.Value, name), ref)
}

func (b *faultBook) task(method string, ref types.ManagedObjectReference, name string) types.BaseMethodFault {
	return makeFault(b.match(method, true, ref.Value, name), ref)
}

// makeFault builds a vSphere fault by its type's name; references that the type demands point at the object that was called.
func makeFault(name string, ref types.ManagedObjectReference) types.BaseMethodFault {
	if name == "" {
		return nil
	}
	if kind, ok := types.TypeFunc()(name); ok {
		v := reflect.New(kind)
		for i := range v.Elem().NumField() {
			f := v.Elem().Field(i)
			switch {
			case f.Type() == refType && kind.Field(i).Name == "Task":
				f.Set(reflect.ValueOf(types.ManagedObjectReference{Type: "Task", Value: "task-0"}))
			case f.Type() == refType:
				f.Set(reflect.ValueOf(ref))
			}
		}
		if f, ok := v.Interface().(types.BaseMethodFault); ok {
			return f
		}
	}
	return &types.SystemError{Reason: name}
}

func (l *Lab) serveFaults(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		var body struct {
			Rules []*FaultRule `json:"rules"`
		}
		if !decode(w, r, &body) {
			return
		}
		l.faults.set(body.Rules)
	case http.MethodDelete:
		l.faults.set(nil)
	}
	reply(w, map[string]any{"rules": l.faults.list()})
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
