package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.trainyard.backend.Launch.Push;
import io.trainyard.job.Attempt;
import io.trainyard.job.Grant;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.SecretRef;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The environment of an attempt: nothing of the server's own but what is named here.
 *
 * <p>{@code HOME} stays the home of the server's user, so that the caches of models, data sets and packages are shared
 * by all attempts; {@code TMPDIR} stays the machine's, since sockets below an attempt's folder would have names too
 * long for the kernel.
 */
final class Variables {
    /** By it the processes of an attempt are found, whatever session they moved to. */
    static final String MARK = "TRAINYARD_ATTEMPT_MARK";

    private static final String OURS = "TRAINYARD_";
    private static final List<String> BASE = List.of("PATH", "HOME", "USER", "LOGNAME", "TMPDIR");
    /** They make a program load or run something before its own first line. */
    private static final Set<String> DENIED = Set.of(
            "PYTHONSTARTUP",
            "PYTHONHOME",
            "PYTHONINSPECT",
            "PYTHONUSERBASE",
            "PYTHONBREAKPOINT",
            "PYTHONWARNINGS",
            "BASH_ENV",
            "ENV",
            "SHELLOPTS",
            "BASHOPTS",
            "PS4",
            "IFS",
            "PROMPT_COMMAND",
            "GCONV_PATH",
            "LOCPATH",
            "NLSPATH",
            "HOSTALIASES",
            "GLIBC_TUNABLES",
            "MALLOC_TRACE",
            "RESOLV_HOST_CONF",
            "NODE_OPTIONS",
            "PERL5OPT",
            "PERL5LIB",
            "RUBYOPT",
            "RUBYLIB",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "JDK_JAVA_OPTIONS");

    /** {@code PYTHONPATH} is ours wherever it would matter. */
    private static final Set<String> HARMLESS = Set.of(
            "PYTHONPATH",
            "PYTHONUNBUFFERED",
            "PYTHONHASHSEED",
            "PYTHONIOENCODING",
            "PYTHONUTF8",
            "PYTHONFAULTHANDLER",
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONNOUSERSITE",
            "PYTHONSAFEPATH");

    private static final List<String> DENIED_PREFIXES = List.of("LD_", "DYLD_", "BASH_FUNC_");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    /** The kernel's limit for one {@code NAME=value}, less its end. */
    private static final int MAX_VARIABLE_BYTES = 128 * 1024 - 1;

    private Variables() {}

    /** Where the attempt runs and with what. */
    record Place(
            Folder folder,
            Attempt attempt,
            int processes,
            boolean ownCommand,
            String mark,
            Path trainer,
            Optional<Push> push) {
        /** The push token and the mark stay out of logs. */
        @Override
        public String toString() {
            return "Place[" + attempt + "]";
        }
    }

    /** @param ownCommand whether the job's own command runs, whose environment is its own affair but for the worst */
    static List<String> objections(JobSpec spec, boolean ownCommand) {
        var objections = new ArrayList<String>();
        for (Variable variable : spec.container().environment()) {
            String name = variable.name();
            String where = "environment: " + name;
            if (!NAME.matcher(name).matches())
                objections.add(where + " is no name that a shell passes on; use letters, digits and underscores");
            else if (denied(name) || (!ownCommand && steersOurs(name)))
                objections.add(where + " is refused on the local backend: it makes programs load code; leave it out");
            else if (name.toUpperCase(Locale.ROOT).startsWith(OURS))
                objections.add(where + " is reserved: names that begin with TRAINYARD_ are the server's; rename it");
            if (variable instanceof Variable.Plain plain)
                flaw(name, plain.value()).ifPresent(objections::add);
        }
        return objections;
    }

    /** What makes a value unfit for any environment; says nothing of the value itself. */
    static Optional<String> flaw(String name, String value) {
        if (value.indexOf('\0') >= 0)
            return Optional.of(
                    "environment: %s holds a NUL character, which no environment can; remove it".formatted(name));
        long bytes = Stream.of(name, value)
                .mapToLong(text -> text.getBytes(UTF_8).length)
                .sum();
        return bytes < MAX_VARIABLE_BYTES
                ? Optional.empty()
                : Optional.of("environment: %s has %d bytes, this machine takes %d; put the value into a file"
                        .formatted(name, bytes, MAX_VARIABLE_BYTES));
    }

    /** Which of the job's own variables give way to ours. */
    static List<String> warnings(JobSpec spec, boolean trainer) {
        return spec.container().environment().stream()
                .map(Variable::name)
                .filter(name -> switch (name) {
                    case "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TRAINER_CONFIG", "TRAINER_TERMINATION_LOG" -> true;
                    case "PYTHONPATH" -> trainer;
                    default -> false; // names are open, not alternatives of ours
                })
                .map(name -> "environment: %s is set by the local backend; the job's value is ignored".formatted(name))
                .toList();
    }

    /** Every secret that the environment needs. */
    static Set<SecretRef> secrets(JobSpec spec) {
        return Stream.of(
                        spec.container().environment().stream()
                                .flatMap(variable -> variable instanceof Variable.Secret secret
                                        ? Stream.of(secret.secret())
                                        : Stream.empty()),
                        spec.datasets().stream().flatMap(dataset -> dataset.credentials().values().stream()),
                        spec.model().token().stream())
                .flatMap(refs -> refs)
                .collect(Collectors.toSet());
    }

    /**
     * @param server looks up the server's own environment
     * @param open a secret's value, or anything where only the names matter
     */
    static SortedMap<String, String> of(
            JobSpec spec,
            Place place,
            List<String> passOn,
            Map<String, String> server,
            Function<SecretRef, String> open) {
        var all = new TreeMap<>(ofEvery(passOn, server));
        for (Variable variable : spec.container().environment())
            switch (variable) {
                case Variable.Plain plain -> all.put(plain.name(), plain.value());
                case Variable.Secret secret -> all.put(secret.name(), open.apply(secret.secret()));
                case Variable.FromCluster _ -> {} // this is no cluster
            }
        spec.datasets()
                .forEach(dataset -> dataset.credentials()
                        .forEach((field, secret) ->
                                all.computeIfAbsent(field.toUpperCase(Locale.ROOT), _ -> open.apply(secret))));
        spec.model().token().ifPresent(token -> all.computeIfAbsent("HF_TOKEN", _ -> open.apply(token)));
        // A command of the job's own may bring modules of its own; our trainer shall find only itself.
        String modules = place.ownCommand() && all.containsKey("PYTHONPATH") ? ":" + all.get("PYTHONPATH") : "";
        all.put("PYTHONPATH", place.trainer() + modules);
        all.putAll(ours(place));
        return all;
    }

    /** What is the same for all attempts, whatever they run. */
    private static SortedMap<String, String> ofEvery(List<String> passOn, Map<String, String> server) {
        var all = new TreeMap<String, String>();
        Stream.concat(BASE.stream(), passOn.stream())
                .filter(server::containsKey)
                .forEach(name -> all.put(name, server.getOrDefault(name, "")));
        all.put("LANG", "C.UTF-8");
        return all;
    }

    /** What a job of our trainer without GPUs has as it imports: a parent that has the same imports the same. */
    static SortedMap<String, String> ofParent(Path trainer, List<String> passOn, Map<String, String> server) {
        var all = new TreeMap<>(ofEvery(passOn, server));
        all.put("PYTHONPATH", trainer.toString());
        all.put("PYTHONUNBUFFERED", "1");
        all.put("CUDA_VISIBLE_DEVICES", "");
        return all;
    }

    private static Map<String, String> ours(Place place) {
        var ours = new TreeMap<String, String>();
        Grant grant = place.attempt().grant();
        ours.put(
                "CUDA_VISIBLE_DEVICES",
                grant.gpus().stream().map(String::valueOf).collect(Collectors.joining(",")));
        ours.put("OMP_NUM_THREADS", Integer.toString(Math.max(1, grant.cpus() / place.processes())));
        ours.put("TRAINER_CONFIG", place.folder().runFile().toString());
        ours.put("TRAINER_TERMINATION_LOG", place.folder().termination().toString());
        ours.put("PYTHONUNBUFFERED", "1");
        ours.put("TRAINYARD_JOB_ID", place.attempt().job().value());
        ours.put("TRAINYARD_ATTEMPT", Integer.toString(place.attempt().number()));
        ours.put(MARK, place.mark());
        place.push().ifPresent(push -> {
            ours.put("KUBEFLOW_TRAINER_SERVER_URL", push.url());
            ours.put("KUBEFLOW_TRAINER_SERVER_TOKEN", place.folder().token().toString());
        });
        return ours;
    }

    /** Has the interpreter, or what it starts, take code from where the caller says. */
    private static boolean steersOurs(String name) {
        if (name.equals("PATH") || name.equals("HOME")) return true;
        return name.startsWith("PYTHON") && !HARMLESS.contains(name);
    }

    private static boolean denied(String name) {
        return DENIED.contains(name) || DENIED_PREFIXES.stream().anyMatch(name::startsWith);
    }
}
