package operators

import (
	"context"
	"fmt"
	"net"
	"strings"

	admissionpolicy "k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/validating"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/client-go/pkg/version"
	"k8s.io/component-base/compatibility"
	openapi "sigs.k8s.io/kueue/apis/visibility/openapi"
	visibility "sigs.k8s.io/kueue/apis/visibility/v1beta1"
	"sigs.k8s.io/kueue/pkg/queue"
	"sigs.k8s.io/kueue/pkg/visibility/api"
)

// startVisibility serves Kueue's own API of positions in queues. Kueue's starter cannot be used: it has one fixed port, keeps
// its certificates in the root folder and ends the process when anything is wrong.
func (host Host) startVisibility(ctx context.Context, queues *queue.Manager, port int) error {
	config := server.NewRecommendedConfig(api.Codecs)
	number := strings.Split(version.Get().String(), "-")[0]
	config.EffectiveVersion = compatibility.NewEffectiveVersionFromString(number, "", "")
	namer := openapinamer.NewDefinitionNamer(api.Scheme)
	config.OpenAPIConfig = server.DefaultOpenAPIConfig(openapi.GetOpenAPIDefinitions, namer)
	config.OpenAPIV3Config = server.DefaultOpenAPIV3Config(openapi.GetOpenAPIDefinitions, namer)
	for _, info := range []*string{&config.OpenAPIConfig.Info.Title, &config.OpenAPIV3Config.Info.Title} {
		*info = "Kueue visibility-server"
	}
	if err := host.visibilityOptions(port).ApplyTo(config); err != nil {
		return err
	}
	made, err := config.Complete().New("visibility-server", server.NewEmptyDelegate())
	if err != nil {
		return err
	}
	if err := api.Install(made, queues); err != nil {
		return err
	}
	go func() {
		if err := made.PrepareRun().RunWithContext(ctx); err != nil && ctx.Err() == nil {
			host.Fail(fmt.Errorf("Kueue's visibility server: %w", err))
		}
	}()
	return host.Installer.Visibility(ctx, port)
}

func (host Host) visibilityOptions(port int) *options.RecommendedOptions {
	chosen := options.NewRecommendedOptions("", api.Codecs.LegacyCodec(visibility.SchemeGroupVersion))
	chosen.Etcd = nil
	chosen.SecureServing.BindAddress, chosen.SecureServing.BindPort = net.ParseIP("127.0.0.1"), port
	chosen.SecureServing.ServerCert.CertKey = options.CertKey{
		CertFile: host.Authority.Path("server.crt"), KeyFile: host.Authority.Path("server.key"),
	}
	chosen.Authentication.RemoteKubeConfigFile = host.Kubeconfig
	chosen.Authorization.RemoteKubeConfigFile = host.Kubeconfig
	chosen.CoreAPI.CoreAPIKubeconfigPath = host.Kubeconfig
	chosen.Admission.DisablePlugins = []string{
		admissionpolicy.PluginName, resourcequota.PluginName, validating.PluginName, mutating.PluginName,
	}
	return chosen
}
