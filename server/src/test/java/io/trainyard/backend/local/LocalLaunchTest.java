package io.trainyard.backend.local;

import static io.trainyard.backend.local.LocalWorld.accepted;
import static io.trainyard.backend.local.LocalWorld.attempt;
import static io.trainyard.backend.local.LocalWorld.command;
import static io.trainyard.backend.local.LocalWorld.launch;
import static io.trainyard.backend.local.LocalWorld.shell;
import static io.trainyard.backend.local.LocalWorld.spec;
import static io.trainyard.backend.local.LocalWorld.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Launch;
import io.trainyard.backend.Launched;
import io.trainyard.backend.LogSource;
import io.trainyard.backend.LogSource.Stream;
import io.trainyard.job.Attempt;
import io.trainyard.job.Cause;
import io.trainyard.job.Grant;
import io.trainyard.job.Observation.Ending;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Resources;
import io.trainyard.spec.SecretRef;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LocalLaunchTest {
    private static final String CANARY = "canary-5d1f0e";

    @TempDir
    Path folder;

    private LocalWorld world;

    @BeforeEach
    void world() {
        world = new LocalWorld(folder);
    }

    @AfterEach
    void rest() {
        world.rest();
    }

    @Test
    void the_environment_holds_only_what_was_given() {
        var secret = new SecretRef("s");
        var container = new Container(
                Optional.empty(),
                List.of("/usr/bin/env", "-0"),
                List.of(),
                List.of(
                        new Variable.Plain("GIVEN", "a b\n'\"$(id)"),
                        new Variable.Plain("EMPTY", ""),
                        new Variable.Secret("HIDDEN", secret)));
        var attempt = new Attempt(attempt().job(), 1, "local", new Grant(List.of(1, 0), 4, 1L << 30));
        var launch = launch(attempt, spec(container), Map.of(secret, CANARY));
        accepted(world.backend.launch(launch));
        world.ended(attempt);
        var place = world.folder(attempt);
        var expected = new TreeMap<String, String>();
        for (String name : List.of("PATH", "HOME", "USER", "LOGNAME", "TMPDIR"))
            if (System.getenv(name) != null) expected.put(name, System.getenv(name));
        expected.put("LANG", "C.UTF-8");
        expected.put("GIVEN", "a b\n'\"$(id)");
        expected.put("EMPTY", "");
        expected.put("HIDDEN", CANARY);
        expected.put("CUDA_VISIBLE_DEVICES", "1,0");
        expected.put("OMP_NUM_THREADS", "4");
        expected.put("TRAINER_CONFIG", place.runFile().toString());
        expected.put("TRAINER_TERMINATION_LOG", place.termination().toString());
        expected.put("PYTHONPATH", folder.resolve("trainer").toString());
        expected.put("PYTHONUNBUFFERED", "1");
        expected.put("TRAINYARD_JOB_ID", attempt.job().value());
        expected.put("TRAINYARD_ATTEMPT", "1");
        expected.put(Variables.MARK, world.backend.mark(place));
        var actual = new TreeMap<String, String>();
        for (String line : world.output(attempt).strip().split("\0", -1)) {
            if (line.isEmpty()) continue;
            int equals = line.indexOf('=');
            actual.put(line.substring(0, equals), line.substring(equals + 1));
        }
        actual.keySet().removeAll(List.of("PWD", "OLDPWD", "SHLVL", "_")); // what shells set by themselves
        assertEquals(expected, actual);
    }

    @Test
    void without_a_gpu_none_is_visible() {
        var attempt = world.started(shell("echo \"[$CUDA_VISIBLE_DEVICES]\""));
        assertEquals(List.of("[]"), world.lines(attempt, 1));
    }

    @Test
    void the_push_token_comes_by_a_file_that_only_its_owner_reads() throws IOException {
        var attempt = attempt();
        var push = new Launch.Push("http://localhost:1/progress", CANARY);
        accepted(world.backend.launch(new Launch(
                attempt,
                spec(shell("echo $KUBEFLOW_TRAINER_SERVER_URL; cat $KUBEFLOW_TRAINER_SERVER_TOKEN")),
                "run",
                Map.of(),
                Optional.of(push))));
        world.ended(attempt);
        assertEquals("http://localhost:1/progress\n" + CANARY, world.output(attempt));
        assertEquals("rw-------", mode(world.folder(attempt).token()));
        world.backend.logs(attempt, Optional.empty()).release();
        assertFalse(Files.exists(world.folder(attempt).token()));
    }

    @Test
    void a_secret_without_a_value_is_refused_by_its_name() {
        var container = new Container(
                Optional.empty(),
                List.of("/bin/true"),
                List.of(),
                List.of(new Variable.Secret("HIDDEN", new SecretRef("lost"))));
        var refused = assertInstanceOf(Launched.Refused.class, world.backend.launch(launch(attempt(), container)));
        assertTrue(refused.why().detail().contains("lost"));
    }

    @Test
    void secrets_are_in_no_file_and_no_text_but_the_environment() throws IOException {
        var secret = new SecretRef("s");
        var container = new Container(
                Optional.empty(), List.of("/bin/true"), List.of(), List.of(new Variable.Secret("HIDDEN", secret)));
        var attempt = attempt();
        var launch = launch(attempt, spec(container), Map.of(secret, CANARY));
        assertFalse(launch.toString().contains(CANARY));
        assertFalse(world.backend.plan(spec(container)).toString().contains(CANARY));
        assertFalse(world.backend.launch(launch).toString().contains(CANARY));
        world.ended(attempt);
        try (var files = Files.walk(world.home)) {
            for (Path file : files.filter(Files::isRegularFile).toList())
                assertFalse(new String(Files.readAllBytes(file), UTF_8).contains(CANARY), file.toString());
        }
    }

    @Test
    void arguments_arrive_verbatim() {
        var odd = List.of("a b", "", "'q' \"d\"", "new\nline", "$(id) `id` $HOME", "*", "\\n", "-n", "ü€", "A=b");
        var arguments = new ArrayList<>(List.of("/usr/bin/printf", "%s\\0"));
        arguments.addAll(odd);
        var attempt = world.started(command(arguments.toArray(String[]::new)));
        world.ended(attempt);
        assertEquals(String.join("\0", odd) + "\0", world.output(attempt));
    }

    @Test
    void command_and_arguments_are_joined_and_found_on_the_path() {
        var attempt = world.started(new Container(Optional.empty(), List.of("echo"), List.of("one", "two"), List.of()));
        assertEquals(List.of("one two"), world.lines(attempt, 1));
    }

    @Test
    void log_bytes_are_exact_from_any_position() {
        var attempt = world.started(shell("printf 'gr\\303\\274n \\342\\202\\254\\n\\377\\000end'; printf e >&2"));
        world.ended(attempt);
        var logs = world.backend.logs(attempt, Optional.empty());
        assertEquals(2, logs.parts().size());
        var all = new ByteArrayOutputStream();
        long position = 0;
        while (true) {
            var chunk = logs.read(new LogSource.Part(0, Stream.STDOUT), position, 3);
            if (chunk.bytes().length == 0) break;
            all.writeBytes(chunk.bytes());
            position = chunk.next();
        }
        var expected = new ByteArrayOutputStream();
        expected.writeBytes("grün €\n".getBytes(UTF_8));
        expected.writeBytes(new byte[] {(byte) 0xFF, 0, 'e', 'n', 'd'});
        assertArrayEquals(expected.toByteArray(), all.toByteArray());
        assertArrayEquals(
                new byte[] {'e'},
                logs.read(new LogSource.Part(0, Stream.STDERR), 0, 10).bytes());
        logs.release();
        logs.release();
        assertEquals(0, logs.read(new LogSource.Part(0, Stream.STDOUT), 0, 10).bytes().length);
        assertEquals(new Ending.Success(), world.ended(attempt).ending());
    }

    @Test
    void logs_of_an_attempt_never_launched_are_empty() {
        var logs = world.backend.logs(attempt(), Optional.empty());
        assertEquals(0, logs.read(new LogSource.Part(0, Stream.STDOUT), 0, 10).bytes().length);
    }

    @Test
    void only_its_owner_looks_into_an_attempt() throws IOException {
        var attempt = world.started(shell("umask; pwd"));
        world.ended(attempt);
        var place = world.folder(attempt);
        for (Path each : List.of(world.home, place.path(), place.work()))
            assertEquals("rwx------", mode(each), each.toString());
        for (Path each : List.of(place.stdout(), place.stderr(), place.runFile(), world.home.resolve("mark-key")))
            assertEquals("rw-------", mode(each), each.toString());
        assertEquals(place.work().toString(), world.lines(attempt, 2).get(1));
    }

    @Test
    void the_trainer_gets_its_run_file() throws IOException {
        world.backend = world.backend(world.settings(false, Optional.of(fakePython())));
        var attempt = attempt();
        accepted(world.backend.launch(launch(attempt, hf(0, Optional.empty()), Map.of())));
        world.ended(attempt);
        assertEquals(folder.resolve("trainer") + "/train.py\n", world.output(attempt));
        String run = text(world.folder(attempt).runFile());
        assertTrue(run.startsWith("{\"run_id\":\"run-1\",\"attempt\":1,\"framework\":\"hf\","), run);
        assertTrue(run.contains("\"lora\":{\"rank\":16,\"alpha\":32,\"dropout\":0.05,\"target_modules\":[]}"), run);
        assertTrue(run.contains("\"qlora\":null"), run);
        assertTrue(run.contains("\"checkpoints\":{\"uri\":\"" + world.home + "/runs/run-1-"), run);
        assertTrue(run.contains("\"outputs\":{\"uri\":\"" + world.home + "/jobs/" + attempt.job() + "/output\""), run);
    }

    @Test
    void several_processes_are_a_torchrun_gang() throws IOException {
        world.backend = world.backend(world.settings(false, Optional.of(fakePython())));
        var grant = new Grant(List.of(0, 1), 4, 1L << 30);
        var attempt = new Attempt(attempt().job(), 1, "local", grant);
        accepted(world.backend.launch(launch(attempt, hf(2, Optional.empty()), Map.of())));
        world.ended(attempt);
        assertEquals(
                "-m torch.distributed.run --standalone --nproc-per-node=2 " + folder.resolve("trainer") + "/train.py\n",
                world.output(attempt));
    }

    @Test
    void without_python_the_launch_is_refused_with_the_remedy() {
        world.backend = world.backend(world.settings(false, Optional.empty()));
        var refused = assertInstanceOf(
                Launched.Refused.class, world.backend.launch(launch(attempt(), hf(0, Optional.empty()), Map.of())));
        assertEquals(Cause.UNSUPPORTED, refused.why().cause());
        assertTrue(refused.why().detail().contains("trainyard.local.python"));
    }

    @Test
    void an_environment_too_long_for_the_machine_is_the_jobs_fault() {
        var many = new ArrayList<Variable>();
        for (int i = 0; i < 40; i++) many.add(new Variable.Plain("V" + i, "x".repeat(120_000)));
        var launched = world.backend.launch(
                launch(attempt(), new Container(Optional.empty(), List.of("/bin/true"), List.of(), many)));
        assertEquals(
                Cause.BAD_CONFIGURATION,
                assertInstanceOf(Launched.Refused.class, launched, launched.toString())
                        .why()
                        .cause());
    }

    @Test
    void run_ids_make_safe_and_distinct_folder_names() {
        assertTrue(RunFolder.folderName("../../etc").matches("[A-Za-z0-9_-]+"));
        assertFalse(RunFolder.folderName("a/b").equals(RunFolder.folderName("a_b")));
        assertTrue(RunFolder.folderName("x".repeat(5000)).length() < 100);
    }

    private static io.trainyard.spec.JobSpec hf(int gpus, Optional<Integer> processes) {
        return spec(Framework.HF, Container.NONE, new Resources(1, gpus, Optional.empty(), 1, 1, processes));
    }

    /** Says what it was started with. */
    private String fakePython() throws IOException {
        var python = folder.resolve("python");
        Files.writeString(python, "#!/bin/sh\necho \"$@\"\n");
        Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwx------"));
        return python.toString();
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }
}
