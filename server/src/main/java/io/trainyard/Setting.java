package io.trainyard;

import java.util.Locale;

/**
 * Every setting there is. Each is looked up on the command line, then as a variable of the environment (its own name in
 * capitals with {@code _}, or one of the names that clients and deployments already use), then in
 * {@code trainyard.properties} in the home folder.
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
            "where jobs run that do not say: auto, local, kubernetes (k8s), vertex or mock",
            "TRAINER_JOB_RUNNER"),
    POLL_SECONDS("trainyard.poll-seconds", "5", "how often every live job is looked at without a hint"),
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
    /** A name that clients and deployments already use; empty when there is none. */
    final String alsoKnownAs;

    Setting(String key, String otherwise, String help) {
        this(key, otherwise, help, "");
    }

    Setting(String key, String otherwise, String help, String alsoKnownAs) {
        this.key = key;
        this.otherwise = otherwise;
        this.help = help;
        this.alsoKnownAs = alsoKnownAs;
    }

    /** Its own name as a variable of the environment: {@code TRAINYARD_LOCAL_CPUS}. */
    String variable() {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }
}
