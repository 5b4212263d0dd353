package io.trainyard.backend.pods;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the operator says of every pod.
 *
 * @param image of jobs that name none
 * @param command what images are started with for jobs that say nothing of it; empty leaves it to the image
 * @param tolerations as Kubernetes writes them, values being text or whole numbers
 * @param limits absent asks for what the job asks for; given, exactly these are asked for, be there none
 * @param gpuTypes by the word that jobs use, in capitals: labels of nodes that have it, each with its possible values
 */
public record PodDefaults(
        Optional<String> image,
        List<String> command,
        Optional<String> serviceAccount,
        Map<String, String> nodeSelector,
        List<Map<String, Object>> tolerations,
        List<String> imagePullSecrets,
        Optional<Map<String, String>> limits,
        Map<String, Map<String, List<String>>> gpuTypes,
        Security security) {
    private static final String PRODUCT = "nvidia.com/gpu.product";
    private static final String GKE = "cloud.google.com/gke-accelerator";

    /** As GPU Feature Discovery and GKE label their nodes. */
    public static final Map<String, Map<String, List<String>>> KNOWN_GPU_TYPES = Map.of(
            "T4", Map.of(PRODUCT, List.of("Tesla-T4"), GKE, List.of("nvidia-tesla-t4")),
            "L4", Map.of(PRODUCT, List.of("NVIDIA-L4"), GKE, List.of("nvidia-l4")),
            "L40S", Map.of(PRODUCT, List.of("NVIDIA-L40S")),
            "A100",
                    Map.of(
                            PRODUCT,
                            List.of(
                                    "NVIDIA-A100-SXM4-40GB",
                                    "NVIDIA-A100-SXM4-80GB",
                                    "NVIDIA-A100-PCIE-40GB",
                                    "NVIDIA-A100-80GB-PCIe"),
                            GKE,
                            List.of("nvidia-tesla-a100", "nvidia-a100-80gb")),
            "H100",
                    Map.of(
                            PRODUCT,
                            List.of("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe", "NVIDIA-H100-NVL"),
                            GKE,
                            List.of("nvidia-h100-80gb", "nvidia-h100-mega-80gb")),
            "H200", Map.of(PRODUCT, List.of("NVIDIA-H200"), GKE, List.of("nvidia-h200-141gb")),
            "B200", Map.of(PRODUCT, List.of("NVIDIA-B200"), GKE, List.of("nvidia-b200")));

    public static final PodDefaults NONE = new PodDefaults(
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Map.of(),
            List.of(),
            List.of(),
            Optional.empty(),
            KNOWN_GPU_TYPES,
            Security.RESTRICTED);

    public PodDefaults {
        command = List.copyOf(command);
        // Not Map.copyOf: manifests are to be the same text every time.
        nodeSelector = new LinkedHashMap<>(nodeSelector);
        tolerations = tolerations.stream()
                .<Map<String, Object>>map(LinkedHashMap::new)
                .toList();
        imagePullSecrets = List.copyOf(imagePullSecrets);
        limits = limits.map(LinkedHashMap::new);
        gpuTypes = Map.copyOf(gpuTypes);
    }

    /** As whom containers run. */
    public enum Security {
        /** As user 1000 with no privileges: passes the Pod Security level of this name. */
        RESTRICTED,
        /** As the image says. */
        IMAGE
    }
}
