package io.trainyard;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigurationTest {
    /** Every setting with its variables and what it is without being set: they are promises to deployments. */
    private static final String SETTINGS = """
            trainyard.home TRAINYARD_HOME = .trainyard
            trainyard.host TRAINYARD_HOST =
            trainyard.port TRAINYARD_PORT PORT = 4000
            trainyard.token TRAINYARD_TOKEN TRAINER_API_TOKEN =
            trainyard.public-url TRAINYARD_PUBLIC_URL =
            trainyard.allowed-hosts TRAINYARD_ALLOWED_HOSTS =
            trainyard.job-runner TRAINYARD_JOB_RUNNER TRAINER_JOB_RUNNER = auto
            trainyard.jobs-namespace TRAINYARD_JOBS_NAMESPACE TRAINER_JOBS_NAMESPACE = default
            trainyard.runtime.name TRAINYARD_RUNTIME_NAME TRAINER_RUNTIME_NAME =
            trainyard.runtime.kind TRAINYARD_RUNTIME_KIND TRAINER_RUNTIME_KIND = ClusterTrainingRuntime
            trainyard.runtime.api-group TRAINYARD_RUNTIME_API_GROUP TRAINER_RUNTIME_API_GROUP = trainer.kubeflow.org
            trainyard.runtime.trainjob-api-version TRAINYARD_RUNTIME_TRAINJOB_API_VERSION TRAINER_TRAINJOB_API_VERSION = trainer.kubeflow.org/v1alpha1
            trainyard.root-contract TRAINYARD_ROOT_CONTRACT =
            trainyard.poll-seconds TRAINYARD_POLL_SECONDS = 5
            trainyard.retry.first-seconds TRAINYARD_RETRY_FIRST_SECONDS = 10
            trainyard.retry.factor TRAINYARD_RETRY_FACTOR = 3
            trainyard.retry.longest-seconds TRAINYARD_RETRY_LONGEST_SECONDS = 3600
            trainyard.retry.healthy-seconds TRAINYARD_RETRY_HEALTHY_SECONDS = 600
            trainyard.retry.most-attempts TRAINYARD_RETRY_MOST_ATTEMPTS = 100
            trainyard.simulated.run-millis TRAINYARD_SIMULATED_RUN_MILLIS = 30000
            trainyard.simulated.slots TRAINYARD_SIMULATED_SLOTS = 10000
            trainyard.local.python TRAINYARD_LOCAL_PYTHON =
            trainyard.local.trainer TRAINYARD_LOCAL_TRAINER = trainer
            trainyard.local.cpus TRAINYARD_LOCAL_CPUS =
            trainyard.local.memory-gib TRAINYARD_LOCAL_MEMORY_GIB =
            trainyard.local.gpus TRAINYARD_LOCAL_GPUS =
            trainyard.local.slots TRAINYARD_LOCAL_SLOTS =
            trainyard.local.oversize TRAINYARD_LOCAL_OVERSIZE = clamp
            trainyard.local.allow-commands TRAINYARD_LOCAL_ALLOW_COMMANDS = false
            trainyard.local.pass-on TRAINYARD_LOCAL_PASS_ON =
            trainyard.local.script TRAINYARD_LOCAL_SCRIPT TRAIN_SCRIPT_PATH =
            trainyard.local.script-python TRAINYARD_LOCAL_SCRIPT_PYTHON PYTHON_BIN =
            trainyard.warm-trainers TRAINYARD_WARM_TRAINERS = off
            trainyard.studio.backend TRAINYARD_STUDIO_BACKEND DEFAULT_TRAINING_BACKEND DEFAULT_BACKEND =
            trainyard.studio.flag-style TRAINYARD_STUDIO_FLAG_STYLE TRAIN_FLAG_STYLE = underscore
            trainyard.studio.max-log-chars TRAINYARD_STUDIO_MAX_LOG_CHARS MAX_LOG_CHARS = 1000000
            trainyard.vision.executor TRAINYARD_VISION_EXECUTOR DEFAULT_EXECUTOR TRAINING_EXECUTOR = subprocess
            trainyard.vision.fallback TRAINYARD_VISION_FALLBACK = on
            trainyard.vision.internal-token TRAINYARD_VISION_INTERNAL_TOKEN INTERNAL_AUTH_TOKEN =
            trainyard.vision.namespace TRAINYARD_VISION_NAMESPACE K8S_TRAINING_NAMESPACE = training
            trainyard.vision.registry TRAINYARD_VISION_REGISTRY DOCKER_REGISTRY = ghcr.io/myorg
            trainyard.vision.image-version TRAINYARD_VISION_IMAGE_VERSION TRAINER_IMAGE_VERSION = v1.0
            trainyard.vision.gpus TRAINYARD_VISION_GPUS K8S_GPU_COUNT = 0
            trainyard.vision.memory TRAINYARD_VISION_MEMORY K8S_MEMORY_LIMIT = 16Gi
            trainyard.vision.cpus TRAINYARD_VISION_CPUS K8S_CPU_LIMIT = 4
            trainyard.kubernetes.image TRAINYARD_KUBERNETES_IMAGE K8S_TRAINING_IMAGE =
            trainyard.kubernetes.namespace TRAINYARD_KUBERNETES_NAMESPACE K8S_NAMESPACE = default
            trainyard.kubernetes.service-account TRAINYARD_KUBERNETES_SERVICE_ACCOUNT K8S_SERVICE_ACCOUNT =
            trainyard.kubernetes.node-selector TRAINYARD_KUBERNETES_NODE_SELECTOR K8S_NODE_SELECTOR K8S_NODE_SELECTOR_JSON =
            trainyard.kubernetes.tolerations TRAINYARD_KUBERNETES_TOLERATIONS K8S_TOLERATIONS K8S_TOLERATIONS_JSON =
            trainyard.kubernetes.image-pull-secrets TRAINYARD_KUBERNETES_IMAGE_PULL_SECRETS K8S_IMAGE_PULL_SECRETS K8S_IMAGE_PULL_SECRETS_JSON =
            trainyard.kubernetes.backoff-limit TRAINYARD_KUBERNETES_BACKOFF_LIMIT K8S_BACKOFF_LIMIT = 0
            trainyard.kubernetes.ttl-seconds-after-finished TRAINYARD_KUBERNETES_TTL_SECONDS_AFTER_FINISHED K8S_TTL_SECONDS_AFTER_FINISHED =
            trainyard.kubernetes.restart-policy TRAINYARD_KUBERNETES_RESTART_POLICY K8S_RESTART_POLICY = Never
            trainyard.kubernetes.resource-limits TRAINYARD_KUBERNETES_RESOURCE_LIMITS K8S_RESOURCE_LIMITS K8S_LIMITS_JSON =
            trainyard.kubernetes.apply TRAINYARD_KUBERNETES_APPLY K8S_APPLY =
            trainyard.kubernetes.kubeconfig TRAINYARD_KUBERNETES_KUBECONFIG K8S_KUBECONFIG KUBECONFIG =
            trainyard.kubernetes.context TRAINYARD_KUBERNETES_CONTEXT K8S_CONTEXT =
            trainyard.kubernetes.command TRAINYARD_KUBERNETES_COMMAND =
            trainyard.kubernetes.security TRAINYARD_KUBERNETES_SECURITY = restricted
            trainyard.kubernetes.gpu-types TRAINYARD_KUBERNETES_GPU_TYPES =
            trainyard.kubernetes.queue TRAINYARD_KUBERNETES_QUEUE =
            trainyard.kubernetes.priority-class TRAINYARD_KUBERNETES_PRIORITY_CLASS =
            trainyard.kubernetes.logs-settle-seconds TRAINYARD_KUBERNETES_LOGS_SETTLE_SECONDS = 30
            trainyard.kubernetes.wait.image-seconds TRAINYARD_KUBERNETES_WAIT_IMAGE_SECONDS = 600
            trainyard.kubernetes.wait.configuration-seconds TRAINYARD_KUBERNETES_WAIT_CONFIGURATION_SECONDS = 120
            trainyard.kubernetes.wait.set-up-seconds TRAINYARD_KUBERNETES_WAIT_SET_UP_SECONDS = 900
            trainyard.kubernetes.wait.refused-seconds TRAINYARD_KUBERNETES_WAIT_REFUSED_SECONDS = 600
            trainyard.kubernetes.wait.deactivated-seconds TRAINYARD_KUBERNETES_WAIT_DEACTIVATED_SECONDS = 600
            trainyard.kubernetes.wait.capacity-seconds TRAINYARD_KUBERNETES_WAIT_CAPACITY_SECONDS =
            trainyard.kubeflow.contracts TRAINYARD_KUBEFLOW_CONTRACTS = trainer,unified
            trainyard.kubeflow.trainer-release TRAINYARD_KUBEFLOW_TRAINER_RELEASE =
            trainyard.kubernetes.kubectl TRAINYARD_KUBERNETES_KUBECTL KUBECTL_BIN =
            trainyard.vertex.gcloud TRAINYARD_VERTEX_GCLOUD GCLOUD_BIN =
            trainyard.vertex.project TRAINYARD_VERTEX_PROJECT VERTEX_PROJECT GCP_PROJECT PROJECT_ID =
            trainyard.vertex.region TRAINYARD_VERTEX_REGION VERTEX_REGION = us-central1
            trainyard.vertex.image-uri TRAINYARD_VERTEX_IMAGE_URI VERTEX_IMAGE_URI IMAGE_URI =
            trainyard.vertex.machine-type TRAINYARD_VERTEX_MACHINE_TYPE VERTEX_MACHINE_TYPE = a2-highgpu-1g
            trainyard.vertex.accelerator-type TRAINYARD_VERTEX_ACCELERATOR_TYPE VERTEX_ACCELERATOR_TYPE = NVIDIA_TESLA_A100
            trainyard.vertex.accelerator-count TRAINYARD_VERTEX_ACCELERATOR_COUNT VERTEX_ACCELERATOR_COUNT = 1
            trainyard.vertex.replica-count TRAINYARD_VERTEX_REPLICA_COUNT VERTEX_REPLICA_COUNT = 1
            trainyard.vertex.service-account TRAINYARD_VERTEX_SERVICE_ACCOUNT VERTEX_SERVICE_ACCOUNT =
            trainyard.vertex.network TRAINYARD_VERTEX_NETWORK VERTEX_NETWORK =
            trainyard.vertex.submit TRAINYARD_VERTEX_SUBMIT VERTEX_SUBMIT = 0
            trainyard.vertex.secrets TRAINYARD_VERTEX_SECRETS =
            trainyard.vertex.credentials TRAINYARD_VERTEX_CREDENTIALS GOOGLE_APPLICATION_CREDENTIALS =
            trainyard.vertex.endpoint TRAINYARD_VERTEX_ENDPOINT = https://{region}-aiplatform.googleapis.com
            trainyard.vertex.logging-endpoint TRAINYARD_VERTEX_LOGGING_ENDPOINT = https://logging.googleapis.com
            trainyard.vertex.poll-seconds TRAINYARD_VERTEX_POLL_SECONDS = 10
            trainyard.vertex.logs-settle-seconds TRAINYARD_VERTEX_LOGS_SETTLE_SECONDS = 20
            trainyard.vertex.delete-finished TRAINYARD_VERTEX_DELETE_FINISHED = false
            trainyard.webhooks.heartbeat-seconds TRAINYARD_WEBHOOKS_HEARTBEAT_SECONDS TRAINER_CALLBACK_INTERVAL_SECONDS = 60
            trainyard.webhooks.private-addresses TRAINYARD_WEBHOOKS_PRIVATE_ADDRESSES = allow
            trainyard.webhooks.submitted-as TRAINYARD_WEBHOOKS_SUBMITTED_AS = queued
            trainyard.exit-when-ready TRAINYARD_EXIT_WHEN_READY = false
            """;

    @TempDir
    Path folder;

    @Test
    void every_setting_has_its_name_its_variables_and_its_default() {
        String settings = Stream.of(Setting.values())
                .map(setting -> Stream.of(
                                List.of(setting.key, setting.variable()),
                                setting.alsoKnownAs,
                                List.of("=", setting.otherwise))
                        .flatMap(List::stream)
                        .filter(word -> !word.isEmpty())
                        .collect(Collectors.joining(" ")))
                .collect(Collectors.joining("\n", "", "\n"));
        assertEquals(SETTINGS, settings);
    }

    @Test
    void the_defaults_make_sense_and_keep_the_server_to_this_machine() {
        var defaults = configuration(Map.of()).checked();
        assertEquals("127.0.0.1", defaults.host());
        assertEquals(4000, defaults.port());
        assertEquals("local", defaults.preferredBackend());
        assertEquals(Duration.ofSeconds(5), defaults.poll());
    }

    @Test
    void the_command_line_wins_over_variables_and_these_over_the_file() throws IOException {
        Files.writeString(folder.resolve("trainyard.properties"), "trainyard.port = 1\ntrainyard.poll-seconds = 9\n");
        var environment = Map.of("PORT", "2", "TRAINYARD_HOME", folder.toString());
        assertEquals(3, new Configuration(Map.of(Setting.PORT, "3"), environment).port());
        assertEquals(2, new Configuration(Map.of(), environment).port());
        assertEquals(Duration.ofSeconds(9), new Configuration(Map.of(), environment).poll());
        assertEquals(1, configuration(Map.of()).port());
    }

    @Test
    void our_own_variable_wins_over_the_one_clients_know_and_a_blank_one_is_none() {
        assertEquals(
                1, configuration(Map.of("TRAINYARD_PORT", "1", "PORT", "2")).port());
        assertEquals(
                2, configuration(Map.of("TRAINYARD_PORT", " ", "PORT", "2")).port());
    }

    @Test
    void with_a_token_the_server_listens_everywhere() {
        var guarded = configuration(Map.of("TRAINER_API_TOKEN", "s3cret"));
        assertEquals(Optional.of("s3cret"), guarded.token());
        assertEquals("0.0.0.0", guarded.host());
        var bound = configuration(Map.of("TRAINER_API_TOKEN", "s3cret", "TRAINYARD_HOST", "10.0.0.1"));
        assertEquals("10.0.0.1", bound.host());
    }

    @ParameterizedTest
    @CsvSource({
        "auto, local",
        "local, local",
        "LOCAL, local",
        "mock, simulated",
        "Mock, simulated",
        "kubeflow, kubeflow",
        "kubernetes, kubernetes",
        "k8s, kubernetes",
        "vertex, vertex"
    })
    void the_words_of_trainer_job_runner_are_understood(String word, String backend) {
        assertEquals(backend, configuration(Map.of("TRAINER_JOB_RUNNER", word)).preferredBackend());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PORT | 65536 | trainyard.port = \"65536\" (PORT): a whole number from 0 to 65535 is wanted",
                "PORT | four | trainyard.port = \"four\" (PORT): a whole number from 0 to 65535 is wanted",
                "TRAINER_JOB_RUNNER | slurm | trainyard.job-runner = \"slurm\" (TRAINER_JOB_RUNNER): one of auto,",
                "TRAINYARD_PUBLIC_URL | example.org | trainyard.public-url = \"example.org\"",
                "TRAINYARD_ROOT_CONTRACT | trainer | trainyard.root-contract = \"trainer\" (TRAINYARD_ROOT_CONTRACT): one of nemo,",
                "TRAINER_RUNTIME_KIND | Runtime | trainyard.runtime.kind = \"Runtime\" (TRAINER_RUNTIME_KIND): ClusterTr",
                "TRAINER_TRAINJOB_API_VERSION | v1 | trainyard.runtime.trainjob-api-version = \"v1\"",
                "TRAINER_JOBS_NAMESPACE | A_B | trainyard.jobs-namespace = \"A_B\"",
                "TRAINYARD_POLL_SECONDS | 0 | trainyard.poll-seconds = \"0\"",
                "TRAINYARD_SIMULATED_SLOTS | 0 | trainyard.simulated.slots = \"0\"",
                "VERTEX_SUBMIT | yes | trainyard.vertex.submit = \"yes\" (VERTEX_SUBMIT): true or false",
                "PROJECT_ID | a/b | trainyard.vertex.project = \"a/b\" (PROJECT_ID): a name of letters",
                "VERTEX_REGION | us central1 | trainyard.vertex.region = \"us central1\" (VERTEX_REGION): a name",
                "VERTEX_ACCELERATOR_COUNT | 17 | trainyard.vertex.accelerator-count = \"17\"",
                "VERTEX_REPLICA_COUNT | 0 | trainyard.vertex.replica-count = \"0\"",
                "TRAINYARD_VERTEX_SECRETS | HF_TOKEN=hf_abc | trainyard.vertex.secrets: \"HF_TOKEN=…\": NAME=projects/",
                "TRAINYARD_VERTEX_ENDPOINT | localhost | trainyard.vertex.endpoint = \"localhost\"",
                "TRAINER_CALLBACK_INTERVAL_SECONDS | 1.5 | trainyard.webhooks.heartbeat-seconds = \"1.5\"",
                "TRAINER_CALLBACK_INTERVAL_SECONDS | 0 | trainyard.webhooks.heartbeat-seconds = \"0\"",
                "TRAINYARD_WEBHOOKS_PRIVATE_ADDRESSES | no | trainyard.webhooks.private-addresses = \"no\"",
                "TRAINYARD_WEBHOOKS_SUBMITTED_AS | sent | trainyard.webhooks.submitted-as = \"sent\"",
                "TRAINYARD_LOCAL_CPUS | 0 | trainyard.local.cpus = \"0\"",
                "TRAINYARD_LOCAL_MEMORY_GIB | -1 | trainyard.local.memory-gib = \"-1\"",
                "TRAINYARD_LOCAL_GPUS | 0;1 | trainyard.local.gpus = \"0;1\"",
                "TRAINYARD_LOCAL_GPUS | 0,0 | trainyard.local.gpus = \"0,0\"",
                "TRAINYARD_LOCAL_GPUS | -1 | trainyard.local.gpus = \"-1\"",
                "TRAINYARD_LOCAL_OVERSIZE | shrink | trainyard.local.oversize = \"shrink\"",
                "MAX_LOG_CHARS | 0 | trainyard.studio.max-log-chars = \"0\" (MAX_LOG_CHARS): a whole number from 1",
                "MAX_LOG_CHARS | lots | trainyard.studio.max-log-chars = \"lots\"",
                "TRAIN_FLAG_STYLE | camel | trainyard.studio.flag-style = \"camel\"",
                "DEFAULT_TRAINING_BACKEND | slurm | trainyard.studio.backend = \"slurm\" (DEFAULT_TRAINING_BACKEND)",
                "TRAINYARD_KUBEFLOW_CONTRACTS | studio | trainyard.kubeflow.contracts = \"studio\"",
                "TRAINYARD_KUBEFLOW_TRAINER_RELEASE | 1.9 | trainyard.kubeflow.trainer-release = \"1.9\"",
                "K8S_APPLY | maybe | trainyard.kubernetes.apply = \"maybe\" (K8S_APPLY): 1, 0 or dry-run",
                "TRAINYARD_KUBERNETES_COMMAND | train.py | trainyard.kubernetes.command = \"train.py\"",
                "TRAINYARD_KUBERNETES_SECURITY | root | trainyard.kubernetes.security = \"root\"",
                "TRAINYARD_KUBERNETES_GPU_TYPES | {\"H100\":[]} | trainyard.kubernetes.gpu-types = ",
                "K8S_NODE_SELECTOR | {gpu} | trainyard.kubernetes.node-selector = \"{gpu}\" (K8S_NODE_SELECTOR)",
                "K8S_NODE_SELECTOR_JSON | [] | trainyard.kubernetes.node-selector = \"[]\" (K8S_NODE_SELECTOR_JSON)",
                "K8S_TOLERATIONS_JSON | {} | trainyard.kubernetes.tolerations = \"{}\"",
                "K8S_TOLERATIONS | [{\"kee\":\"x\"}] | trainyard.kubernetes.tolerations = ",
                "K8S_IMAGE_PULL_SECRETS | [1] | trainyard.kubernetes.image-pull-secrets = \"[1]\"",
                "K8S_LIMITS_JSON | {\"cpu\":{}} | trainyard.kubernetes.resource-limits = ",
                "K8S_RESTART_POLICY | Always | trainyard.kubernetes.restart-policy = \"Always\"",
                "K8S_BACKOFF_LIMIT | -1 | trainyard.kubernetes.backoff-limit = \"-1\"",
                "K8S_TTL_SECONDS_AFTER_FINISHED | soon | trainyard.kubernetes.ttl-seconds-after-finished = \"soon\"",
                "TRAINYARD_LOCAL_ALLOW_COMMANDS | yes | trainyard.local.allow-commands = \"yes\""
            })
    void nonsense_is_refused_at_the_start_naming_setting_value_and_remedy(
            String variable, String value, String beginning) {
        String message = refused(Map.of(variable, value));
        assertTrue(message.startsWith(beginning) && message.contains(" wanted"), message);
    }

    @Test
    void an_unknown_key_in_the_file_is_refused_with_the_file() throws IOException {
        Path file = folder.resolve("trainyard.properties");
        Files.writeString(file, "trainyard.prot = 80\ntrainyard.port = 80\n");
        String message = refused(Map.of());
        assertTrue(message.startsWith(file + ": trainyard.prot is no setting"), message);
    }

    @Test
    void a_longest_wait_shorter_than_the_first_is_refused() {
        String message = refused(Map.of("TRAINYARD_RETRY_LONGEST_SECONDS", "5"));
        assertTrue(message.contains("trainyard.retry.longest-seconds"), message);
        assertTrue(message.contains("at least trainyard.retry.first-seconds (10)"), message);
    }

    @Test
    void lists_and_addresses_are_tidied() {
        var tidied = configuration(Map.of(
                "TRAINYARD_ALLOWED_HOSTS", " a.example , ,b.example", "TRAINYARD_PUBLIC_URL", "https://t.example//"));
        assertEquals(List.of("127.0.0.1", "a.example", "b.example"), tidied.hosts());
        assertEquals(Optional.of("https://t.example"), tidied.publicUrl());
    }

    @Test
    void gpus_are_detected_named_or_none() {
        for (String gpus : List.of("", "none", "0", "0,1, 3"))
            assertDoesNotThrow(
                    () -> configuration(Map.of("TRAINYARD_LOCAL_GPUS", gpus)).checked());
    }

    private String refused(Map<String, String> environment) {
        var nonsense = assertThrows(
                Configuration.Nonsense.class, () -> configuration(environment).checked());
        return String.valueOf(nonsense.getMessage());
    }

    private Configuration configuration(Map<String, String> environment) {
        var all = new HashMap<>(environment);
        all.put("TRAINYARD_HOME", folder.toString());
        return new Configuration(Map.of(), all);
    }
}
