package io.trainyard;

import java.util.List;
import java.util.Locale;

/**
 * Every setting there is. Each is looked up on the command line, then as a variable of the environment (its own name in
 * capitals with {@code _}, or one of the names that clients and deployments already use), then in
 * {@code trainyard.properties} in the home folder. Long because it is one list, and has to be one place to look.
 */
enum Setting {
    HOME("trainyard.home", ".trainyard", "folder of database, logs, jobs and key file"),
    HOST("trainyard.host", "", "address to listen on; 127.0.0.1, or every address once a token is set"),
    PORT("trainyard.port", "4000", "port to listen on; 0 takes a free one", "PORT"),
    TOKEN("trainyard.token", "", "what clients must show; empty lets everybody in", "TRAINER_API_TOKEN"),
    PUBLIC_URL("trainyard.public-url", "", "address by which jobs reach this server; its own on this machine"),
    ALLOWED_HOSTS("trainyard.allowed-hosts", "", "further Host names to answer to without a token, by comma"),
    JOB_RUNNER(
            "trainyard.job-runner",
            "auto",
            "where jobs run that do not say: auto, local, kubernetes (k8s), kubeflow, vertex or mock",
            "TRAINER_JOB_RUNNER"),
    JOBS_NAMESPACE(
            "trainyard.jobs-namespace",
            "default",
            "namespace on a cluster of jobs that name none",
            "TRAINER_JOBS_NAMESPACE"),
    RUNTIME_NAME(
            "trainyard.runtime.name",
            "",
            "training runtime of TrainJobs that name none; nemo-runtime, meta-runtime or hf-unsloth-runtime",
            "TRAINER_RUNTIME_NAME"),
    RUNTIME_KIND(
            "trainyard.runtime.kind",
            "ClusterTrainingRuntime",
            "its kind: ClusterTrainingRuntime or TrainingRuntime",
            "TRAINER_RUNTIME_KIND"),
    RUNTIME_API_GROUP(
            "trainyard.runtime.api-group", "trainer.kubeflow.org", "its API group", "TRAINER_RUNTIME_API_GROUP"),
    TRAINJOB_API_VERSION(
            "trainyard.runtime.trainjob-api-version",
            "trainer.kubeflow.org/v1alpha1",
            "group and version of TrainJobs",
            "TRAINER_TRAINJOB_API_VERSION"),
    ROOT_CONTRACT(
            "trainyard.root-contract",
            "",
            "the one contract to answer at the root: nemo, meta, hf-unsloth, unified or studio; all of them"),
    POLL_SECONDS("trainyard.poll-seconds", "5", "how often every live job is looked at without a hint"),
    RETRY_FIRST("trainyard.retry.first-seconds", "10", "wait before the attempt after a failed one"),
    RETRY_FACTOR("trainyard.retry.factor", "3", "by which each further wait is longer"),
    RETRY_LONGEST("trainyard.retry.longest-seconds", "3600", "longest wait before an attempt"),
    RETRY_HEALTHY(
            "trainyard.retry.healthy-seconds",
            "600",
            "length of a run after which earlier failures of machines no longer count"),
    RETRY_MOST("trainyard.retry.most-attempts", "100", "of any job, whatever it asks for; 1 for no second attempt"),
    SIMULATED_MILLIS("trainyard.simulated.run-millis", "30000", "how long a simulated run lasts unless told otherwise"),
    SIMULATED_SLOTS("trainyard.simulated.slots", "10000", "simulated attempts at the same time"),
    LOCAL_PYTHON("trainyard.local.python", "", "interpreter with the trainer's packages"),
    LOCAL_TRAINER("trainyard.local.trainer", "trainer", "folder that holds train.py"),
    LOCAL_CPUS("trainyard.local.cpus", "", "CPUs to hand out; detected"),
    LOCAL_MEMORY_GIB("trainyard.local.memory-gib", "", "GiB of memory to hand out; detected"),
    LOCAL_GPUS("trainyard.local.gpus", "", "GPU indices to hand out, by comma; detected, \"none\" for none"),
    LOCAL_SLOTS("trainyard.local.slots", "", "local attempts at the same time; unlimited"),
    LOCAL_OVERSIZE("trainyard.local.oversize", "clamp", "a job larger than the machine: clamp or refuse"),
    LOCAL_ALLOW_COMMANDS("trainyard.local.allow-commands", "false", "whether a job's own command may run here"),
    LOCAL_PASS_ON("trainyard.local.pass-on", "", "server variables that every attempt gets, by comma"),
    LOCAL_SCRIPT(
            "trainyard.local.script",
            "",
            "training script of jobs that bring arguments and no command; our trainer",
            "TRAIN_SCRIPT_PATH"),
    LOCAL_SCRIPT_PYTHON(
            "trainyard.local.script-python", "", "its interpreter; python3, or our trainer's", "PYTHON_BIN"),
    WARM_TRAINERS(
            "trainyard.warm-trainers",
            "off",
            "whose jobs start from a parent that has imported already: off, on, or environments by comma, such as hf,nemo"),
    STUDIO_BACKEND(
            "trainyard.studio.backend",
            "",
            "where studio jobs run that do not say: kubernetes, vertex or local; as the job runner says, kubernetes",
            "DEFAULT_TRAINING_BACKEND",
            "DEFAULT_BACKEND"),
    STUDIO_FLAG_STYLE(
            "trainyard.studio.flag-style",
            "underscore",
            "flags of studio jobs: underscore or dash",
            "TRAIN_FLAG_STYLE"),
    STUDIO_MAX_LOG_CHARS(
            "trainyard.studio.max-log-chars", "1000000", "log characters in one studio answer", "MAX_LOG_CHARS"),
    VISION_EXECUTOR(
            "trainyard.vision.executor",
            "subprocess",
            "where vision jobs run that do not say: subprocess or kubernetes",
            "DEFAULT_EXECUTOR",
            "TRAINING_EXECUTOR"),
    VISION_FALLBACK(
            "trainyard.vision.fallback",
            "on",
            "vision jobs for Kubernetes run as processes when it takes none: on or off"),
    VISION_INTERNAL_TOKEN(
            "trainyard.vision.internal-token",
            "",
            "what vision trainers show when they call back; empty takes no calls",
            "INTERNAL_AUTH_TOKEN"),
    VISION_NAMESPACE(
            "trainyard.vision.namespace",
            "training",
            "namespace of vision jobs on a cluster",
            "K8S_TRAINING_NAMESPACE"),
    VISION_REGISTRY(
            "trainyard.vision.registry", "ghcr.io/myorg", "registry of vision trainer images", "DOCKER_REGISTRY"),
    VISION_IMAGE_VERSION(
            "trainyard.vision.image-version", "v1.0", "version of vision trainer images", "TRAINER_IMAGE_VERSION"),
    VISION_GPUS("trainyard.vision.gpus", "0", "GPUs of vision jobs that name no resources", "K8S_GPU_COUNT"),
    VISION_MEMORY("trainyard.vision.memory", "16Gi", "memory of such jobs", "K8S_MEMORY_LIMIT"),
    VISION_CPUS("trainyard.vision.cpus", "4", "CPUs of such jobs", "K8S_CPU_LIMIT"),
    KUBERNETES_IMAGE("trainyard.kubernetes.image", "", "image of Jobs that name none", "K8S_TRAINING_IMAGE"),
    KUBERNETES_NAMESPACE(
            "trainyard.kubernetes.namespace", "default", "namespace of Jobs that name none", "K8S_NAMESPACE"),
    KUBERNETES_SERVICE_ACCOUNT(
            "trainyard.kubernetes.service-account", "", "service account of pods", "K8S_SERVICE_ACCOUNT"),
    KUBERNETES_NODE_SELECTOR(
            "trainyard.kubernetes.node-selector",
            "",
            "labels of nodes for pods, as a JSON object",
            "K8S_NODE_SELECTOR",
            "K8S_NODE_SELECTOR_JSON"),
    KUBERNETES_TOLERATIONS(
            "trainyard.kubernetes.tolerations",
            "",
            "tolerations of pods, as a JSON list",
            "K8S_TOLERATIONS",
            "K8S_TOLERATIONS_JSON"),
    KUBERNETES_IMAGE_PULL_SECRETS(
            "trainyard.kubernetes.image-pull-secrets",
            "",
            "image pull secrets of pods, as a JSON list of names",
            "K8S_IMAGE_PULL_SECRETS",
            "K8S_IMAGE_PULL_SECRETS_JSON"),
    KUBERNETES_BACKOFF_LIMIT(
            "trainyard.kubernetes.backoff-limit",
            "0",
            "how often a Job starts a failed pod again",
            "K8S_BACKOFF_LIMIT"),
    KUBERNETES_TTL(
            "trainyard.kubernetes.ttl-seconds-after-finished",
            "",
            "seconds after which a finished Job is removed; kept",
            "K8S_TTL_SECONDS_AFTER_FINISHED"),
    KUBERNETES_RESTART_POLICY(
            "trainyard.kubernetes.restart-policy", "Never", "Never or OnFailure", "K8S_RESTART_POLICY"),
    KUBERNETES_LIMITS(
            "trainyard.kubernetes.resource-limits",
            "",
            "resource limits of containers, as a JSON object; the job's GPUs",
            "K8S_RESOURCE_LIMITS",
            "K8S_LIMITS_JSON"),
    KUBERNETES_APPLY(
            "trainyard.kubernetes.apply",
            "",
            "1 submits Jobs, 0 renders them, dry-run also has the cluster judge them; 1 where jobs go to kubernetes unless they say otherwise",
            "K8S_APPLY"),
    KUBERNETES_KUBECONFIG(
            "trainyard.kubernetes.kubeconfig",
            "",
            "cluster access; as kubectl finds it, or as the pod the server runs in",
            "K8S_KUBECONFIG",
            "KUBECONFIG"),
    KUBERNETES_CONTEXT("trainyard.kubernetes.context", "", "context of the kubeconfig; its current one", "K8S_CONTEXT"),
    KUBERNETES_COMMAND(
            "trainyard.kubernetes.command",
            "",
            "what images are started with for jobs that name no command, as a JSON list; the image's own"),
    KUBERNETES_SECURITY(
            "trainyard.kubernetes.security",
            "restricted",
            "restricted runs containers as user 1000 without privileges, image as the image says"),
    KUBERNETES_GPU_TYPES(
            "trainyard.kubernetes.gpu-types",
            "",
            "GPU words to node labels and their values, as a JSON object; those of NVIDIA's and GKE's labels"),
    KUBERNETES_QUEUE("trainyard.kubernetes.queue", "", "Kueue's LocalQueue of jobs that name none"),
    KUBERNETES_PRIORITY_CLASS(
            "trainyard.kubernetes.priority-class", "", "Kueue's WorkloadPriorityClass of queued jobs that name none"),
    KUBERNETES_LOGS_SETTLE(
            "trainyard.kubernetes.logs-settle-seconds", "30", "how long an end waits for output that cannot be read"),
    KUBERNETES_WAIT_IMAGE(
            "trainyard.kubernetes.wait.image-seconds",
            "600",
            "after which an image that cannot be pulled is a failure"),
    KUBERNETES_WAIT_CONFIGURATION(
            "trainyard.kubernetes.wait.configuration-seconds",
            "120",
            "after which a container that cannot be made is a failure"),
    KUBERNETES_WAIT_SET_UP(
            "trainyard.kubernetes.wait.set-up-seconds",
            "900",
            "after which volumes and networks that are not set up are a failure"),
    KUBERNETES_WAIT_REFUSED(
            "trainyard.kubernetes.wait.refused-seconds",
            "600",
            "after which pods that the cluster refuses (quota, policy) are a failure"),
    KUBERNETES_WAIT_DEACTIVATED(
            "trainyard.kubernetes.wait.deactivated-seconds",
            "600",
            "after which a job that Kueue has given up, and nobody has activated again, is a failure"),
    KUBERNETES_WAIT_CAPACITY(
            "trainyard.kubernetes.wait.capacity-seconds", "", "after which a lack of room is a failure; never"),
    KUBEFLOW_CONTRACTS(
            "trainyard.kubeflow.contracts",
            "trainer,unified",
            "contracts, by comma, whose jobs become TrainJobs and PyTorchJobs where jobs go to kubernetes; none for Jobs only"),
    KUBEFLOW_RELEASE(
            "trainyard.kubeflow.trainer-release",
            "",
            "release of Kubeflow Trainer to write TrainJobs for: 2.0, 2.1, 2.2 or 2.3; as the cluster says"),
    KUBECTL("trainyard.kubernetes.kubectl", "", "not used: no kubectl is called", "KUBECTL_BIN"),
    GCLOUD("trainyard.vertex.gcloud", "", "not used: no gcloud is called", "GCLOUD_BIN"),
    VERTEX_PROJECT(
            "trainyard.vertex.project",
            "",
            "Google Cloud project of jobs on Vertex AI",
            "VERTEX_PROJECT",
            "GCP_PROJECT",
            "PROJECT_ID"),
    VERTEX_REGION("trainyard.vertex.region", "us-central1", "region of jobs on Vertex AI", "VERTEX_REGION"),
    VERTEX_IMAGE_URI(
            "trainyard.vertex.image-uri",
            "",
            "trainer image of jobs on Vertex AI that name none",
            "VERTEX_IMAGE_URI",
            "IMAGE_URI"),
    VERTEX_MACHINE_TYPE(
            "trainyard.vertex.machine-type",
            "a2-highgpu-1g",
            "machine of jobs that take the configured one",
            "VERTEX_MACHINE_TYPE"),
    VERTEX_ACCELERATOR_TYPE(
            "trainyard.vertex.accelerator-type",
            "NVIDIA_TESLA_A100",
            "its accelerator, and that of jobs that want GPUs of any type",
            "VERTEX_ACCELERATOR_TYPE"),
    VERTEX_ACCELERATOR_COUNT(
            "trainyard.vertex.accelerator-count",
            "1",
            "accelerators on each such machine; 0 for none",
            "VERTEX_ACCELERATOR_COUNT"),
    VERTEX_REPLICA_COUNT("trainyard.vertex.replica-count", "1", "such machines for each job", "VERTEX_REPLICA_COUNT"),
    VERTEX_SERVICE_ACCOUNT(
            "trainyard.vertex.service-account", "", "as whom containers on Vertex AI run", "VERTEX_SERVICE_ACCOUNT"),
    VERTEX_NETWORK(
            "trainyard.vertex.network", "", "full name of the network that jobs are peered with", "VERTEX_NETWORK"),
    VERTEX_SUBMIT("trainyard.vertex.submit", "0", "1 submits jobs to Vertex AI; 0 only renders them", "VERTEX_SUBMIT"),
    VERTEX_SECRETS(
            "trainyard.vertex.secrets",
            "",
            "Secret Manager names of secret variables, by comma: HF_TOKEN=projects/P/secrets/S/versions/latest"),
    VERTEX_CREDENTIALS(
            "trainyard.vertex.credentials",
            "",
            "Google credentials file; found as Google's own tools find it",
            "GOOGLE_APPLICATION_CREDENTIALS"),
    VERTEX_ENDPOINT(
            "trainyard.vertex.endpoint",
            "https://{region}-aiplatform.googleapis.com",
            "address of Vertex AI; {region} stands for the region"),
    VERTEX_LOGGING_ENDPOINT(
            "trainyard.vertex.logging-endpoint", "https://logging.googleapis.com", "address of Cloud Logging"),
    VERTEX_POLL_SECONDS("trainyard.vertex.poll-seconds", "10", "how often the live jobs on Vertex AI are listed"),
    VERTEX_LOGS_SETTLE_SECONDS(
            "trainyard.vertex.logs-settle-seconds",
            "20",
            "how long after an end its last log entries may come in; the end is told then"),
    VERTEX_DELETE_FINISHED(
            "trainyard.vertex.delete-finished", "false", "whether custom jobs are deleted once their output is stored"),
    WEBHOOKS_HEARTBEAT(
            "trainyard.webhooks.heartbeat-seconds",
            "60",
            "how often the receivers of a running job are told how it stands",
            "TRAINER_CALLBACK_INTERVAL_SECONDS"),
    WEBHOOKS_PRIVATE(
            "trainyard.webhooks.private-addresses",
            "allow",
            "receivers on loopback and private networks: allow, or refuse where strangers hand in jobs"),
    WEBHOOKS_SUBMITTED_AS(
            "trainyard.webhooks.submitted-as",
            "queued",
            "what the trainer contract's receivers are told for submitted: queued (the studio knows no other) or submitted"),
    EXIT_WHEN_READY(
            "trainyard.exit-when-ready", "false", "answer a few requests to itself and stop: makes start caches");

    final String key;
    final String otherwise;
    final String help;
    /** Names that clients and deployments already use; the first one that is set counts. */
    @SuppressWarnings("ImmutableEnumChecker") // it is one of those that cannot be changed
    final List<String> alsoKnownAs;

    Setting(String key, String otherwise, String help, String... alsoKnownAs) {
        this.key = key;
        this.otherwise = otherwise;
        this.help = help;
        this.alsoKnownAs = List.of(alsoKnownAs);
    }

    /** Its own name as a variable of the environment: {@code TRAINYARD_LOCAL_CPUS}. */
    String variable() {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }
}
