package io.trainyard;

import io.trainyard.backend.local.LocalBackend;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;

/** Looks at this machine as the server would use it and says what is missing, each with its remedy. */
final class Doctor {
    private static final long ENOUGH_DISK_BYTES = 10L << 30;
    private static final int PYTHON_SECONDS = 120;
    private static final String PACKAGES = "import sys, torch, transformers, peft; "
            + "print(sys.version.split()[0], torch.__version__, transformers.__version__, peft.__version__, "
            + "torch.cuda.is_available())";

    /** @param remedy what to do; empty when all is well */
    record Finding(String subject, boolean well, String finding, String remedy) {}

    private final List<Finding> findings = new ArrayList<>();

    Doctor(Configuration configuration) {
        jdk();
        python(configuration);
        machine(configuration);
        findings.addAll(ClusterFindings.of(configuration));
        port(configuration);
        disk(configuration.home());
    }

    boolean well() {
        return findings.stream().allMatch(Finding::well);
    }

    private void add(String subject, boolean well, String finding, String remedy) {
        findings.add(new Finding(subject, well, finding, well ? "" : remedy));
    }

    private void jdk() {
        add("JDK", true, Runtime.version().toString(), "");
    }

    private void python(Configuration configuration) {
        String remedy = "make the trainer's environment: trainer/environment hf (./trainyard demo does it too)";
        Optional<String> python = configuration.local().python().get();
        if (python.isEmpty()) {
            add("Python", false, "no interpreter with the trainer's packages is known", remedy);
            return;
        }
        add("Python", true, python.get(), "");
        try {
            Process process = new ProcessBuilder(python.get(), "-c", PACKAGES)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            boolean ended = process.waitFor(PYTHON_SECONDS, TimeUnit.SECONDS);
            if (!ended) process.destroyForcibly();
            String[] words = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .strip()
                    .split(" ", -1);
            boolean well = ended && process.exitValue() == 0 && words.length == 5;
            String versions = well
                    ? "Python %s, torch %s, transformers %s, peft %s, CUDA %s"
                            .formatted(words[0], words[1], words[2], words[3], words[4].equals("True") ? "yes" : "no")
                    : "torch, transformers and peft do not import";
            add("torch", well, versions, remedy);
        } catch (IOException e) {
            add("torch", false, python.get() + " does not start: " + e.getMessage(), remedy);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void machine(Configuration configuration) {
        var local = new LocalBackend(configuration.local(), _ -> {}, InstantSource.system());
        List<String> frameworks = local.frameworks();
        add(
                "frameworks",
                !frameworks.isEmpty(),
                frameworks.isEmpty() ? "none can be trained here" : String.join(", ", frameworks),
                "make the environment of one: trainer/environment hf|nemo|unsloth|timm|ultralytics");
        var capacity = local.capacity();
        String gpus = capacity.gpus().isEmpty()
                ? "none: jobs run on CPU; on a GPU machine, nvidia-smi must be on the PATH"
                : capacity.gpus().size() + " with indices " + capacity.gpus();
        add("GPUs", true, gpus, "");
        add("CPUs", true, capacity.cpus() + ", memory " + (capacity.memoryBytes() >> 30) + " GiB", "");
        add("warm trainers", true, warm(configuration.local().warm()), "");
        boolean linux = Files.isDirectory(Path.of("/proc/self"));
        add(
                "local backend",
                linux,
                linux ? "ready" : "needs Linux",
                "run the server on Linux, or TRAINER_JOB_RUNNER=mock");
        add(
                "backends",
                true,
                "local, simulated, kubernetes, kubeflow, vertex; jobs go to " + configuration.preferredBackend(),
                "");
    }

    private static String warm(Set<String> environments) {
        return environments.isEmpty()
                ? "off: TRAINYARD_WARM_TRAINERS=on has jobs start in a tenth of the time, for 0.75 GB an environment"
                : String.join(", ", new TreeSet<>(environments))
                        + ", where installed: 0.75 GB each while the server runs";
    }

    private void port(Configuration configuration) {
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getByName(configuration.host()), configuration.port()));
            add("port", true, configuration.port() + " is free", "");
        } catch (IOException e) {
            add(
                    "port",
                    false,
                    configuration.port() + " is taken: " + e.getMessage(),
                    "stop what listens there (a running Trainyard is fine), or say --port N");
        }
    }

    private void disk(Path home) {
        try {
            Path there = home;
            while (!Files.exists(there) && there.getParent() != null) there = there.getParent();
            long free = Files.getFileStore(there).getUsableSpace();
            boolean well = free >= ENOUGH_DISK_BYTES && Files.isWritable(there);
            add("disk", well, (free >> 30) + " GiB free at " + home, "free some space there, or say --home DIR");
        } catch (IOException e) {
            add("disk", false, home + " cannot be read: " + e.getMessage(), "say --home DIR");
        }
    }

    String text() {
        var text = new StringBuilder();
        for (Finding finding : findings) {
            text.append(
                    "%-4s %-14s %s%n".formatted(finding.well() ? "ok" : "FAIL", finding.subject(), finding.finding()));
            if (!finding.well()) text.append("%-19s → %s%n".formatted("", finding.remedy()));
        }
        return text.toString();
    }

    String json() {
        var json = JsonMapper.builder().build();
        var body = json.createObjectNode().put("well", well());
        var list = body.putArray("findings");
        for (Finding finding : findings)
            list.addObject()
                    .put("subject", finding.subject())
                    .put("well", finding.well())
                    .put("finding", finding.finding())
                    .put("remedy", finding.remedy());
        return json.writeValueAsString(body) + "\n";
    }
}
