package io.trainyard;

import io.trainyard.backend.attempts.AttemptsSettings;
import io.trainyard.backend.causes.Waits;
import io.trainyard.backend.cluster.ClusterSettings;
import io.trainyard.backend.kubernetes.JobWorkload;
import io.trainyard.backend.kubernetes.KubernetesSettings;
import io.trainyard.backend.kubernetes.KubernetesSettings.RestartPolicy;
import io.trainyard.backend.kubernetes.KubernetesSettings.Retention;
import io.trainyard.backend.pods.Depth;
import io.trainyard.backend.pods.PodDefaults;
import io.trainyard.backend.pods.Queueing;
import io.trainyard.backend.pods.Workload;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The settings of Kubernetes Jobs; those that are JSON are read whole, or the server does not start. */
final class KubernetesConfiguration {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final Set<String> TOLERATION = Set.of("key", "operator", "value", "effect", "tolerationSeconds");

    private final Configuration all;

    KubernetesConfiguration(Configuration all) {
        this.all = all;
    }

    KubernetesSettings settings() {
        return new KubernetesSettings(
                all.some(Setting.KUBERNETES_NAMESPACE).orElse("default"),
                new Retention(
                        all.whole(Setting.KUBERNETES_BACKOFF_LIMIT, 0, Integer.MAX_VALUE),
                        all.some(Setting.KUBERNETES_TTL)
                                .map(_ -> all.whole(Setting.KUBERNETES_TTL, 0, Integer.MAX_VALUE))),
                restartPolicy(),
                podDefaults(),
                depth());
    }

    PodDefaults podDefaults() {
        return new PodDefaults(
                all.some(Setting.KUBERNETES_IMAGE),
                command(),
                all.some(Setting.KUBERNETES_SERVICE_ACCOUNT),
                texts(Setting.KUBERNETES_NODE_SELECTOR).orElse(Map.of()),
                tolerations(),
                pullSecrets(),
                texts(Setting.KUBERNETES_LIMITS),
                gpuTypes(),
                security());
    }

    /** What the server creates on a cluster. */
    List<Workload> kinds() {
        return List.of(new JobWorkload(settings()));
    }

    /** Whoever has all jobs go to Kubernetes wants them to run there. */
    Depth depth() {
        return switch (all.text(Setting.KUBERNETES_APPLY)) {
            case "" -> all.preferredBackend().equals(JobWorkload.NAME) ? Depth.APPLY : Depth.RENDER;
            case "1", "true" -> Depth.APPLY;
            case "0", "false" -> Depth.RENDER;
            case "dry-run" -> Depth.DRY_RUN;
            default -> throw all.nonsense(Setting.KUBERNETES_APPLY, "1, 0 or dry-run");
        };
    }

    ClusterSettings cluster() {
        return new ClusterSettings(
                all.some(Setting.KUBERNETES_KUBECONFIG).map(Path::of),
                all.some(Setting.KUBERNETES_CONTEXT),
                ClusterSettings.RELIST);
    }

    AttemptsSettings pods() {
        return new AttemptsSettings(
                all.home(),
                all.publicUrl().isPresent(),
                Duration.ofSeconds(all.whole(Setting.KUBERNETES_LOGS_SETTLE, 0, 86_400)),
                all.some(Setting.KUBERNETES_TTL).isPresent(),
                new Waits(
                        seconds(Setting.KUBERNETES_WAIT_IMAGE).orElseThrow(),
                        seconds(Setting.KUBERNETES_WAIT_CONFIGURATION).orElseThrow(),
                        seconds(Setting.KUBERNETES_WAIT_SET_UP).orElseThrow(),
                        seconds(Setting.KUBERNETES_WAIT_REFUSED).orElseThrow(),
                        seconds(Setting.KUBERNETES_WAIT_DEACTIVATED).orElseThrow(),
                        seconds(Setting.KUBERNETES_WAIT_CAPACITY)),
                new Queueing(all.some(Setting.KUBERNETES_QUEUE), all.some(Setting.KUBERNETES_PRIORITY_CLASS)));
    }

    private Optional<Duration> seconds(Setting setting) {
        return all.some(setting).map(_ -> Duration.ofSeconds(all.whole(setting, 1, 1 << 30)));
    }

    private PodDefaults.Security security() {
        return switch (all.text(Setting.KUBERNETES_SECURITY)) {
            case "restricted" -> PodDefaults.Security.RESTRICTED;
            case "image" -> PodDefaults.Security.IMAGE;
            default -> throw all.nonsense(Setting.KUBERNETES_SECURITY, "restricted or image");
        };
    }

    private Map<String, Map<String, List<String>>> gpuTypes() {
        Setting setting = Setting.KUBERNETES_GPU_TYPES;
        String wanted = "a JSON object such as {\"H100\": {\"nvidia.com/gpu.product\": [\"NVIDIA-H100-80GB-HBM3\"]}},";
        Optional<JsonNode> json = json(setting, wanted);
        if (json.isEmpty()) return PodDefaults.KNOWN_GPU_TYPES;
        if (!json.get().isObject()) throw all.nonsense(setting, wanted);
        var types = new LinkedHashMap<String, Map<String, List<String>>>();
        for (var type : json.get().properties()) {
            if (!type.getValue().isObject() || type.getValue().isEmpty()) throw all.nonsense(setting, wanted);
            var labels = new LinkedHashMap<String, List<String>>();
            for (var label : type.getValue().properties()) {
                var values = new ArrayList<String>();
                if (!label.getValue().isArray() || label.getValue().isEmpty()) throw all.nonsense(setting, wanted);
                for (JsonNode value : label.getValue()) {
                    if (!value.isString()) throw all.nonsense(setting, wanted);
                    values.add(value.stringValue());
                }
                labels.put(label.getKey(), List.copyOf(values));
            }
            types.put(type.getKey().toUpperCase(Locale.ROOT), labels);
        }
        return types;
    }

    private RestartPolicy restartPolicy() {
        for (RestartPolicy policy : RestartPolicy.values())
            if (policy.word.equals(all.text(Setting.KUBERNETES_RESTART_POLICY))) return policy;
        throw all.nonsense(Setting.KUBERNETES_RESTART_POLICY, "Never or OnFailure");
    }

    private Optional<JsonNode> json(Setting setting, String wanted) {
        try {
            return all.some(setting).map(JSON::readTree);
        } catch (JacksonException notJson) {
            throw all.nonsense(setting, wanted);
        }
    }

    private Optional<Map<String, String>> texts(Setting setting) {
        String wanted = "a JSON object of names and texts, such as {\"name\": \"value\"},";
        return json(setting, wanted).map(object -> {
            var texts = new LinkedHashMap<String, String>();
            if (!object.isObject()) throw all.nonsense(setting, wanted);
            for (var entry : object.properties()) {
                if (!entry.getValue().isString() && !entry.getValue().isNumber()) throw all.nonsense(setting, wanted);
                texts.put(entry.getKey(), entry.getValue().asString());
            }
            return texts;
        });
    }

    private List<Map<String, Object>> tolerations() {
        Setting setting = Setting.KUBERNETES_TOLERATIONS;
        String wanted = "a JSON list of tolerations, each an object of key, operator, value, effect and"
                + " tolerationSeconds as Kubernetes knows them,";
        var tolerations = new ArrayList<Map<String, Object>>();
        for (JsonNode item : list(setting, wanted)) {
            if (!item.isObject()) throw all.nonsense(setting, wanted);
            var toleration = new LinkedHashMap<String, Object>();
            for (var entry : item.properties()) {
                JsonNode value = entry.getValue();
                boolean seconds = entry.getKey().equals("tolerationSeconds");
                boolean good = seconds ? value.isIntegralNumber() && value.canConvertToLong() : value.isString();
                if (!TOLERATION.contains(entry.getKey()) || !good) throw all.nonsense(setting, wanted);
                toleration.put(entry.getKey(), seconds ? (Object) value.longValue() : value.stringValue());
            }
            tolerations.add(toleration);
        }
        return tolerations;
    }

    private List<String> command() {
        Setting setting = Setting.KUBERNETES_COMMAND;
        String wanted = "a JSON list of words, such as [\"python3\", \"/opt/trainer/train.py\"],";
        var words = new ArrayList<String>();
        for (JsonNode word : list(setting, wanted)) {
            if (!word.isString() || word.stringValue().isEmpty()) throw all.nonsense(setting, wanted);
            words.add(word.stringValue());
        }
        return words;
    }

    private List<String> pullSecrets() {
        Setting setting = Setting.KUBERNETES_IMAGE_PULL_SECRETS;
        String wanted = "a JSON list of names, or of objects {\"name\": …},";
        var names = new ArrayList<String>();
        for (JsonNode item : list(setting, wanted)) {
            JsonNode name = item.isObject() ? item.path("name") : item;
            if (!name.isString() || name.stringValue().isEmpty()) throw all.nonsense(setting, wanted);
            names.add(name.stringValue());
        }
        return names;
    }

    private Iterable<JsonNode> list(Setting setting, String wanted) {
        Optional<JsonNode> list = json(setting, wanted);
        if (list.isPresent() && !list.get().isArray()) throw all.nonsense(setting, wanted);
        return list.<Iterable<JsonNode>>map(found -> found).orElse(List.of());
    }

    /** Settings of the first implementation that are taken and change nothing. */
    List<String> unused() {
        var unused = new ArrayList<String>();
        for (Setting setting : List.of(Setting.KUBECTL, Setting.GCLOUD))
            if (all.some(setting).isPresent())
                unused.add(setting.key + " = \"" + all.text(setting)
                        + "\" is not used: the server calls neither kubectl nor gcloud; leave it out");
        return unused;
    }
}
