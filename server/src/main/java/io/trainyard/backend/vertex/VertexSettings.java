package io.trainyard.backend.vertex;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What the operator decides about Vertex AI.
 *
 * @param home the server's home folder; output on its way lies below {@code vertex} in it
 * @param submit whether jobs are created, or only their manifests rendered
 */
public record VertexSettings(Path home, Project project, Defaults defaults, Access access, boolean submit) {
    /**
     * @param id absent while it is not set: no job can be placed there then
     * @param serviceAccount as whom the containers run
     * @param network full name of the network to peer with
     */
    public record Project(
            Optional<String> id, String region, Optional<String> serviceAccount, Optional<String> network) {}

    /**
     * What a job gets that does not say.
     *
     * @param accelerators 0 for a machine without
     * @param secrets Secret Manager names of secret variables, by the variable's name
     */
    public record Defaults(
            Optional<String> image,
            String machineType,
            String accelerator,
            int accelerators,
            int replicas,
            Map<String, String> secrets) {
        public Defaults {
            secrets = Map.copyOf(secrets);
        }
    }

    /**
     * @param endpoint of the service, {@code {region}} standing for the region
     * @param credentials key or federation file; absent asks the environment as Google's own tools do
     * @param poll how often all live jobs are listed
     * @param logsSettle how long after an end its last log entries may still come in
     * @param deleteFinished whether a custom job is deleted once its output is stored
     */
    public record Access(
            String endpoint,
            String loggingEndpoint,
            Optional<Path> credentials,
            Duration poll,
            Duration logsSettle,
            boolean deleteFinished) {}
}
