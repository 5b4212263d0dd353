package io.trainyard;

import io.trainyard.contract.vision.Executor;
import io.trainyard.contract.vision.VisionSettings;
import io.trainyard.contract.vision.VisionSettings.Cluster;
import io.trainyard.contract.vision.VisionSettings.Machine;
import io.trainyard.contract.vision.VisionSettings.Processes;
import java.util.Optional;
import java.util.function.Supplier;

/** The settings of the vision contract. */
final class VisionConfiguration {
    static final String NAMESPACE = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

    private final Configuration all;

    VisionConfiguration(Configuration all) {
        this.all = all;
    }

    /** @param address by which jobs reach this server, once it is known */
    VisionSettings settings(Supplier<Optional<String>> address) {
        return new VisionSettings(
                Executor.named(all.text(Setting.VISION_EXECUTOR))
                        .orElseThrow(() -> all.nonsense(Setting.VISION_EXECUTOR, "subprocess or kubernetes")),
                fallback(),
                new Processes(
                        all.preferredBackend().equals("simulated") ? "simulated" : "local",
                        all.some(Setting.LOCAL_SCRIPT).isPresent()),
                new Cluster(
                        namespace(),
                        matching(Setting.VISION_REGISTRY, "[A-Za-z0-9][^\\s@]*", "a registry such as ghcr.io/myorg"),
                        matching(Setting.VISION_IMAGE_VERSION, "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", "an image tag")),
                new Machine(
                        all.whole(Setting.VISION_GPUS, 0, 1024),
                        matching(
                                Setting.VISION_MEMORY,
                                "[1-9][0-9]{0,11}(Ki|Mi|Gi|Ti|K|M|G|T)?",
                                "an amount such as 16Gi"),
                        all.whole(Setting.VISION_CPUS, 1, 10_000)),
                all.some(Setting.VISION_INTERNAL_TOKEN),
                address);
    }

    String namespace() {
        return matching(Setting.VISION_NAMESPACE, NAMESPACE, "a namespace of small letters, digits and -");
    }

    private boolean fallback() {
        return switch (all.text(Setting.VISION_FALLBACK)) {
            case "on" -> true;
            case "off" -> false;
            default -> throw all.nonsense(Setting.VISION_FALLBACK, "on or off");
        };
    }

    private String matching(Setting setting, String pattern, String wanted) {
        if (all.text(setting).matches(pattern)) return all.text(setting);
        throw all.nonsense(setting, wanted);
    }
}
