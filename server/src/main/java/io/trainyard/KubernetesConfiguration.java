package io.trainyard;

import io.trainyard.backend.kubernetes.KubernetesSettings;
import io.trainyard.backend.kubernetes.KubernetesSettings.Pods;
import io.trainyard.backend.kubernetes.KubernetesSettings.RestartPolicy;
import io.trainyard.backend.kubernetes.KubernetesSettings.Retention;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
        if (all.flag(Setting.KUBERNETES_APPLY))
            throw all.nonsense(
                    Setting.KUBERNETES_APPLY,
                    "0, since submitting to a cluster is not part of this version and Jobs are only rendered,");
        return new KubernetesSettings(
                all.some(Setting.KUBERNETES_IMAGE),
                all.some(Setting.KUBERNETES_NAMESPACE).orElse("default"),
                new Retention(
                        all.whole(Setting.KUBERNETES_BACKOFF_LIMIT, 0, Integer.MAX_VALUE),
                        all.some(Setting.KUBERNETES_TTL)
                                .map(_ -> all.whole(Setting.KUBERNETES_TTL, 0, Integer.MAX_VALUE))),
                new Pods(
                        all.some(Setting.KUBERNETES_SERVICE_ACCOUNT),
                        texts(Setting.KUBERNETES_NODE_SELECTOR).orElse(Map.of()),
                        tolerations(),
                        pullSecrets(),
                        restartPolicy(),
                        texts(Setting.KUBERNETES_LIMITS)));
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
