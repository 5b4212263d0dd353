// Package gates lets Kueue 0.12, which was built for Kubernetes 1.32, register its feature gates with Kubernetes 1.33:
// that one refuses a gate whose first entry is already deprecated, and panics.
//
// Kueue registers in its own init, so the wrapper must be in place before. Go initialises packages in the order of their
// import paths once what they import is ready; the path of this one must therefore sort before "sigs.k8s.io". The name of
// the module does that. The test beside this file fails when it no longer does.
package gates

import (
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
)

type lenient struct {
	featuregate.MutableVersionedFeatureGate
}

// AddVersioned says of a gate born deprecated that it was so from the beginning.
func (gate lenient) AddVersioned(features map[featuregate.Feature]featuregate.VersionedSpecs) error {
	accepted := make(map[featuregate.Feature]featuregate.VersionedSpecs, len(features))
	for name, specs := range features {
		if len(specs) > 0 && specs[0].PreRelease == featuregate.Deprecated && specs[0].Version.Minor() != 0 {
			first := specs[0]
			first.Version = version.MajorMinor(0, 0)
			specs = append(featuregate.VersionedSpecs{first}, specs...)
		}
		accepted[name] = specs
	}
	return gate.MutableVersionedFeatureGate.AddVersioned(accepted)
}

var original = feature.DefaultMutableFeatureGate

func init() { feature.DefaultMutableFeatureGate = lenient{original} }

// Restore puts Kubernetes' own gate back; main calls it before anything else.
func Restore() { feature.DefaultMutableFeatureGate = original }
