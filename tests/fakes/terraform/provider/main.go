// A small Terraform provider over S3: one resource, an object in a bucket, made, read and removed for real.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const address = "registry.terraform.io/halle/store"

type store struct{}

func (store) Metadata(_ context.Context, _ provider.MetadataRequest, answer *provider.MetadataResponse) {
	answer.TypeName = "store"
}
func (store) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (store) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (store) DataSources(context.Context) []func() datasource.DataSource                        { return nil }
func (store) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return object{} }}
}

type object struct{}

type objectModel struct {
	URL     types.String `tfsdk:"url"`
	Content types.String `tfsdk:"content"`
	Wait    types.Int64  `tfsdk:"wait"`
}

func (object) Metadata(_ context.Context, _ resource.MetadataRequest, answer *resource.MetadataResponse) {
	answer.TypeName = "store_object"
}

func (object) Schema(_ context.Context, _ resource.SchemaRequest, answer *resource.SchemaResponse) {
	replaced := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	answer.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"url":     schema.StringAttribute{Required: true, PlanModifiers: replaced},
		"content": schema.StringAttribute{Required: true},
		"wait":    schema.Int64Attribute{Optional: true, Description: "Seconds that making it takes."},
	}}
}

func (object) Create(ctx context.Context, asked resource.CreateRequest, answer *resource.CreateResponse) {
	var wanted objectModel
	answer.Diagnostics.Append(asked.Plan.Get(ctx, &wanted)...)
	if answer.Diagnostics.HasError() {
		return
	}
	select {
	case <-time.After(time.Duration(wanted.Wait.ValueInt64()) * time.Second):
	case <-ctx.Done():
	}
	if problem := call(ctx, http.MethodPut, wanted.URL.ValueString(), wanted.Content.ValueString()); problem != "" {
		answer.Diagnostics.AddError("not made", problem)
		return
	}
	answer.Diagnostics.Append(answer.State.Set(ctx, wanted)...)
}

func (object) Read(ctx context.Context, asked resource.ReadRequest, answer *resource.ReadResponse) {
	var known objectModel
	answer.Diagnostics.Append(asked.State.Get(ctx, &known)...)
	if answer.Diagnostics.HasError() {
		return
	}
	switch problem := call(ctx, http.MethodGet, known.URL.ValueString(), ""); problem {
	case "":
	case "404 Not Found":
		answer.State.RemoveResource(ctx)
	default:
		answer.Diagnostics.AddError("not read", problem)
	}
}

func (object) Update(ctx context.Context, asked resource.UpdateRequest, answer *resource.UpdateResponse) {
	var wanted objectModel
	answer.Diagnostics.Append(asked.Plan.Get(ctx, &wanted)...)
	if problem := call(ctx, http.MethodPut, wanted.URL.ValueString(), wanted.Content.ValueString()); problem != "" {
		answer.Diagnostics.AddError("not changed", problem)
		return
	}
	answer.Diagnostics.Append(answer.State.Set(ctx, wanted)...)
}

func (object) Delete(ctx context.Context, asked resource.DeleteRequest, answer *resource.DeleteResponse) {
	var known objectModel
	answer.Diagnostics.Append(asked.State.Get(ctx, &known)...)
	if problem := call(ctx, http.MethodDelete, known.URL.ValueString(), ""); problem != "" && problem != "404 Not Found" {
		answer.Diagnostics.AddError("not removed", problem)
	}
}

// call says what went wrong, "" if nothing did.
func call(ctx context.Context, method, url, content string) string {
	asked, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(content))
	if err != nil {
		return err.Error()
	}
	sign(asked, content, os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), time.Now().UTC())
	answer, err := http.DefaultClient.Do(asked)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return answer.Status
	}
	return ""
}

func main() {
	options := providerserver.ServeOpts{Address: address}
	if err := providerserver.Serve(context.Background(), func() provider.Provider { return store{} }, options); err != nil {
		log.Fatal(err)
	}
}
