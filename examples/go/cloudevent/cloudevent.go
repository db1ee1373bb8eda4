// Package cloudevent has the CloudEvents SDK read the records of franz-go.
package cloudevent

import (
	"bytes"
	"context"
	"strings"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/binding/spec"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/twmb/franz-go/pkg/kgo"
)

const prefix = "ce_"

var version = spec.WithPrefix(prefix).Version("1.0")

// Of returns a record in binary mode as an event.
func Of(ctx context.Context, record *kgo.Record) (*event.Event, error) {
	read, err := binding.ToEvent(ctx, message{record})
	if err != nil {
		return nil, err
	}
	return read, read.Validate()
}

type message struct{ record *kgo.Record }

func (message) ReadEncoding() binding.Encoding { return binding.EncodingBinary }

func (message) ReadStructured(context.Context, binding.StructuredWriter) error {
	return binding.ErrNotStructured
}

func (m message) ReadBinary(_ context.Context, to binding.BinaryWriter) error {
	for _, header := range m.record.Headers {
		var err error
		if attribute := version.Attribute(header.Key); attribute != nil {
			err = to.SetAttribute(attribute, string(header.Value))
		} else if header.Key == "content-type" {
			err = to.SetAttribute(version.AttributeFromKind(spec.DataContentType), string(header.Value))
		} else if name, found := strings.CutPrefix(header.Key, prefix); found {
			err = to.SetExtension(name, string(header.Value))
		}
		if err != nil {
			return err
		}
	}
	return to.SetData(bytes.NewReader(m.record.Value))
}

func (m message) GetAttribute(kind spec.Kind) (spec.Attribute, any) {
	attribute := version.AttributeFromKind(kind)
	return attribute, m.header(attribute.PrefixedName())
}

func (m message) GetExtension(name string) any { return m.header(prefix + name) }

func (m message) header(name string) any {
	for _, header := range m.record.Headers {
		if header.Key == name {
			return string(header.Value)
		}
	}
	return nil
}

func (message) Finish(error) error { return nil }
