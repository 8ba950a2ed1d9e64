package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sort"
	"strings"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"
)

const taggingPath = "/rest/com/vmware/cis/tagging/"

// attacher is the part of the REST handler that the simulator itself uses.
type attacher interface {
	AttachedObjects(types.VslmTagEntry) ([]types.ManagedObjectReference, types.BaseMethodFault)
	AttachTag(types.ManagedObjectReference, types.VslmTagEntry) types.BaseMethodFault
	AttachedTags(types.ManagedObjectReference) ([]types.VslmTagEntry, types.BaseMethodFault)
}

// tagBook reads and writes the tags that the REST handler keeps, for building, saving and restoring.
type tagBook struct {
	lab     *Lab
	handler http.Handler
}

// TagState is everything about tags, with the ids that clients remember.
type TagState struct {
	Categories  []tags.Category                           `json:"categories"`
	Tags        []tags.Tag                                `json:"tags"`
	Attachments map[string][]types.ManagedObjectReference `json:"attachments"` // tag id -> objects
}

// call sends a request to the handler as a client of its own.
func (b *tagBook) call(method, path string, body any) error {
	const id = "lab"
	sessions := b.lab.sessions.restSessions()
	b.lab.sessions.mu.Lock()
	defer b.lab.sessions.mu.Unlock()
	sessions[id] = &rest.Session{User: id}
	defer delete(sessions, id)
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r := httptest.NewRequest(method, "https://127.0.0.1"+path, bytes.NewReader(raw))
	r.Header.Set("vmware-api-session-id", id)
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	if w.Code >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, w.Code, w.Body.String())
	}
	return nil
}

func (b *tagBook) category(c tags.Category) error {
	c.CategoryID = c.ID
	return b.call(http.MethodPost, taggingPath+"category", map[string]any{"create_spec": c})
}

func (b *tagBook) tag(t tags.Tag) error {
	t.TagID = t.ID
	return b.call(http.MethodPost, taggingPath+"tag", map[string]any{"create_spec": t})
}

func (b *tagBook) attach(ref types.ManagedObjectReference, category, tag string) error {
	entry := types.VslmTagEntry{ParentCategoryName: category, TagName: tag}
	if fault := b.handler.(attacher).AttachTag(ref, entry); fault != nil {
		return fmt.Errorf("tag %s:%s on %s: %T", category, tag, ref, fault)
	}
	return nil
}

func mapOf[T any](h http.Handler, field string) map[string]*T {
	f := reflect.ValueOf(h).Elem().FieldByName(field)
	if !f.IsValid() {
		return nil
	}
	m, _ := f.Interface().(map[string]*T)
	return m
}

// state reads everything.
func (b *tagBook) state() TagState {
	b.lab.sessions.mu.Lock()
	defer b.lab.sessions.mu.Unlock()
	s := TagState{Attachments: map[string][]types.ManagedObjectReference{}}
	names := map[string]string{}
	for _, c := range mapOf[tags.Category](b.handler, "Category") {
		s.Categories = append(s.Categories, *c)
		names[c.ID] = c.Name
	}
	for _, t := range mapOf[tags.Tag](b.handler, "Tag") {
		s.Tags = append(s.Tags, *t)
		refs, _ := b.handler.(attacher).AttachedObjects(types.VslmTagEntry{ParentCategoryName: names[t.CategoryID], TagName: t.Name})
		for _, ref := range refs {
			if b.lab.registry().Get(ref) != nil {
				s.Attachments[t.ID] = append(s.Attachments[t.ID], ref)
			}
		}
		sort.Slice(s.Attachments[t.ID], func(i, j int) bool { return s.Attachments[t.ID][i].Value < s.Attachments[t.ID][j].Value })
	}
	sort.Slice(s.Categories, func(i, j int) bool { return s.Categories[i].Name < s.Categories[j].Name })
	sort.Slice(s.Tags, func(i, j int) bool { return s.Tags[i].ID < s.Tags[j].ID })
	return s
}

// restore brings everything back under the same ids.
func (b *tagBook) restore(s TagState) error {
	names := map[string]string{}
	for _, c := range s.Categories {
		if err := b.category(c); err != nil {
			return err
		}
		names[c.ID] = c.Name
	}
	for _, t := range s.Tags {
		if err := b.tag(t); err != nil {
			return err
		}
		for _, ref := range s.Attachments[t.ID] {
			if err := b.attach(ref, names[t.CategoryID], t.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop detaches everything from an object that is gone.
func (b *tagBook) drop(ref types.ManagedObjectReference) {
	h, ok := b.handler.(attacher)
	if !ok {
		return
	}
	detach, ok := b.handler.(interface {
		DetachTag(types.ManagedObjectReference, types.VslmTagEntry) types.BaseMethodFault
	})
	b.lab.sessions.mu.Lock()
	defer b.lab.sessions.mu.Unlock()
	entries, _ := h.AttachedTags(ref)
	for _, e := range entries {
		if ok {
			detach.DetachTag(ref, e)
		}
	}
}

// build makes the inventory's categories and tags, with ids that are the same in every lab of the same estate.
func (b *tagBook) build(inv *Inventory) error {
	for _, c := range inv.TagCategories {
		id := "urn:vmomi:InventoryServiceCategory:" + stableUUID(inv.Name, "category", c.Name) + ":GLOBAL"
		cardinality := c.Cardinality
		if cardinality == "" {
			cardinality = "SINGLE"
		}
		kinds := c.AssociableTypes
		if kinds == nil {
			kinds = []string{"VirtualMachine"}
		}
		err := b.category(tags.Category{
			ID: id, Name: c.Name, Description: c.Description, Cardinality: cardinality, AssociableTypes: kinds,
		})
		if err != nil {
			return err
		}
		for _, t := range c.Tags {
			tag := "urn:vmomi:InventoryServiceTag:" + stableUUID(inv.Name, "tag", c.Name, t) + ":GLOBAL"
			if err := b.tag(tags.Tag{ID: tag, Name: t, CategoryID: id}); err != nil {
				return err
			}
		}
	}
	return nil
}

func stableUUID(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(strings.Join(parts, "."))).String()
}

// find is the handler behind a REST path.
func restHandler(svc *simulator.Service) http.Handler {
	h, _ := svc.ServeMux.Handler(httptest.NewRequest(http.MethodGet, "https://127.0.0.1/rest/", nil))
	return h
}
