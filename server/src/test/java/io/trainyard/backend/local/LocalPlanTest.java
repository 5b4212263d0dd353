package io.trainyard.backend.local;

import static io.trainyard.backend.local.LocalWorld.command;
import static io.trainyard.backend.local.LocalWorld.spec;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.Plan;
import io.trainyard.backend.local.LocalSettings.Limits;
import io.trainyard.backend.local.LocalSettings.Oversize;
import io.trainyard.job.Capacity;
import io.trainyard.job.Queue.Demand;
import io.trainyard.spec.Container;
import io.trainyard.spec.Container.Variable;
import io.trainyard.spec.JobSpec;
import io.trainyard.spec.JobSpec.Framework;
import io.trainyard.spec.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalPlanTest {
    private static final Capacity SMALL = new Capacity(List.of(), 2, 8L << 30, 10);
    private static final Capacity LARGE = new Capacity(List.of(0, 1, 2, 3), 16, 64L << 30, 10);

    @TempDir
    Path folder;

    private Plan plan(JobSpec spec, Capacity machine, Oversize oversize, boolean allowCommands) {
        var limits = new Limits(Optional.empty(), Optional.empty(), Optional.empty(), 1, oversize);
        var settings = new LocalSettings(
                folder,
                folder.resolve("trainer"),
                () -> Optional.of("/opt/python"),
                limits,
                allowCommands,
                LocalSettings.Script.OURS,
                List.of(),
                Set.of());
        return new Planner(settings, machine, new Machine("host", "boot", Path.of("/proc")), new Interpreters(settings))
                .plan(spec);
    }

    private static JobSpec asking(Framework framework, int nodes, int gpus, int cpus, int memoryGib) {
        return spec(
                framework,
                Container.NONE,
                new Resources(nodes, gpus, Optional.empty(), cpus, memoryGib, Optional.empty()));
    }

    @Test
    void a_job_that_fits_gets_what_it_asks_for() {
        var plan = plan(asking(Framework.HF, 1, 2, 4, 16), LARGE, Oversize.CLAMP, false);
        assertEquals(List.of(), plan.objections());
        assertEquals(List.of(), plan.warnings());
        assertEquals(new Demand(2, 4, 16L << 30), plan.demand());
        assertTrue(plan.manifest().contains("--nproc-per-node=2"), plan.manifest());
    }

    @Test
    void clamping_gives_what_there_is_and_says_so() {
        var plan = plan(asking(Framework.HF, 1, 8, 64, 512), SMALL, Oversize.CLAMP, false);
        assertEquals(List.of(), plan.objections());
        assertEquals(
                List.of(
                        "resources.gpus: asked for 8 GPUs, this machine has 0: running on CPU",
                        "resources.cpus: asked for 64 CPUs, this machine has 2: running on 2",
                        "resources.memoryGib: asked for 512 GiB, this machine has 8: running with what there is"),
                plan.warnings());
        assertEquals(new Demand(0, 2, 8L << 30), plan.demand());
    }

    @Test
    void refusing_names_field_value_and_remedy() {
        var plan = plan(asking(Framework.HF, 1, 8, 64, 512), SMALL, Oversize.REFUSE, false);
        assertEquals(3, plan.objections().size());
        assertTrue(
                plan.objections().getFirst().startsWith("resources.gpus: 8 GPUs, all nodes together, never fits here"),
                plan.objections().getFirst());
        assertTrue(plan.objections().getFirst().contains("trainyard.local.oversize"));
    }

    @Test
    void nodes_become_processes_of_a_gang() {
        var plan = plan(asking(Framework.HF, 2, 2, 4, 4), LARGE, Oversize.CLAMP, false);
        assertEquals(new Demand(4, 8, 8L << 30), plan.demand());
        assertEquals(
                List.of("resources.nodes: 2 nodes asked for: running 4 process(es) on this machine"), plan.warnings());
        assertTrue(plan.manifest().contains("--nproc-per-node=4"));
    }

    @Test
    void an_absurd_size_does_not_overflow() {
        var plan = plan(
                asking(Framework.HF, 1, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE),
                SMALL,
                Oversize.CLAMP,
                false);
        assertEquals(new Demand(0, 2, 8L << 30), plan.demand());
    }

    @Test
    void unsloth_without_a_gpu_is_the_hf_recipe_and_a_warning() {
        var plan = plan(asking(Framework.UNSLOTH, 1, 1, 1, 1), SMALL, Oversize.CLAMP, false);
        assertEquals(List.of(), plan.objections());
        assertEquals(
                "framework: unsloth needs a GPU: running with the hf recipe",
                plan.warnings().getLast());
        assertEquals(
                List.of(),
                plan(asking(Framework.UNSLOTH, 1, 1, 1, 1), LARGE, Oversize.CLAMP, false)
                        .warnings());
    }

    @Test
    void a_meta_job_runs_its_own_recipe_with_the_packages_of_hf() {
        var plan = plan(asking(Framework.META, 1, 0, 1, 1), SMALL, Oversize.CLAMP, false);
        assertEquals(List.of(), plan.objections());
        assertEquals(List.of(), plan.warnings());
    }

    @Test
    void a_nemo_job_runs_the_hf_recipe_until_its_packages_are_here() throws IOException {
        var job = asking(Framework.NEMO, 1, 0, 1, 1);
        var without = plan(job, SMALL, Oversize.CLAMP, false);
        assertEquals(List.of(), without.objections());
        assertTrue(without.warnings().getFirst().contains("hf recipe"));
        environmentOf("nemo");
        var with = plan(job, SMALL, Oversize.CLAMP, false);
        assertEquals(List.of(), with.warnings());
        assertTrue(with.manifest().contains("\"/environments/nemo/bin/python\""), with.manifest());
    }

    @ParameterizedTest
    @EnumSource(
            value = Framework.class,
            names = {"ULTRALYTICS", "TIMM"})
    void a_job_of_pictures_needs_an_environment_that_is_made_for_it(Framework framework) throws IOException {
        var job = asking(framework, 1, 0, 1, 1);
        assertEquals(
                List.of(
                        "python: no interpreter with the packages of %1$s is set up on this machine; make them with trainer/environment %1$s"
                                .formatted(Program.word(framework))),
                plan(job, SMALL, Oversize.CLAMP, false).objections());
        environmentOf("ultralytics");
        assertEquals(List.of(), plan(job, SMALL, Oversize.CLAMP, false).objections());
    }

    /** As {@code trainer/environment} would answer if this were the only one made. */
    private void environmentOf(String framework) throws IOException {
        Path trainer = Files.createDirectories(folder.resolve("trainer"));
        Path script = Files.writeString(
                trainer.resolve("environment"),
                "#!/bin/sh\n[ \"$1 $2\" = '%1$s --find' ] && echo /environments/%1$s/bin/python\n"
                        .formatted(framework));
        assertTrue(script.toFile().setExecutable(true));
    }

    @Test
    void a_custom_job_needs_the_permission_to_run_commands() {
        var spec = spec(command("/bin/true"));
        assertTrue(
                plan(spec, SMALL, Oversize.CLAMP, false).objections().getFirst().contains("allow-commands"));
        var allowed = plan(spec, SMALL, Oversize.CLAMP, true);
        assertEquals(List.of(), allowed.objections());
        assertTrue(allowed.manifest().contains("\"/bin/true\""), allowed.manifest());
    }

    @Test
    void a_command_of_a_contract_job_gives_way_to_the_trainer() {
        var spec = spec(
                Framework.HF,
                new Container(Optional.of("img:1"), List.of("python", "mine.py"), List.of(), List.of()),
                new Resources(1, 0, Optional.empty(), 1, 1, Optional.empty()));
        var plan = plan(spec, SMALL, Oversize.CLAMP, false);
        assertEquals(List.of(), plan.objections());
        assertEquals(
                List.of(
                        "image: img:1 is ignored: the local backend runs processes, not containers",
                        "command ignored: the local backend runs the trainer; set trainyard.local.allow-commands to run it"),
                plan.warnings());
        assertTrue(plan.manifest().contains("train.py"));
        assertTrue(plan(spec, SMALL, Oversize.CLAMP, true).manifest().contains("mine.py"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONSTARTUP", "PYTHONHOME", "BASH_ENV", "ENV", "GCONV_PATH",
                "NODE_OPTIONS", "BASH_FUNC_x", "TRAINYARD_ATTEMPT_MARK", "trainyard_stat", "a.b", "", "A=B"
            })
    void a_dangerous_or_impossible_variable_is_refused_by_name(String name) {
        var spec = spec(new Container(
                Optional.empty(), List.of("/bin/true"), List.of(), List.of(new Variable.Plain(name, "v"))));
        var objections = plan(spec, SMALL, Oversize.CLAMP, true).objections();
        assertEquals(1, objections.size());
        assertTrue(objections.getFirst().startsWith("environment: " + name), objections.getFirst());
    }

    @Test
    void a_variable_of_ours_wins_with_a_warning() {
        var spec = spec(new Container(
                Optional.empty(),
                List.of("/bin/true"),
                List.of(),
                List.of(new Variable.Plain("CUDA_VISIBLE_DEVICES", "7"), new Variable.Plain("PYTHONPATH", "/mine"))));
        assertEquals(
                List.of("environment: CUDA_VISIBLE_DEVICES is set by the local backend; the job's value is ignored"),
                plan(spec, SMALL, Oversize.CLAMP, true).warnings());
    }

    @Test
    void a_machine_that_is_no_linux_says_what_it_lacks() {
        var settings = LocalSettings.at(folder, folder, () -> Optional.of("python"));
        var machine = new Machine("h", "b", folder.resolve("no-proc"));
        var plan = new Planner(settings, SMALL, machine, new Interpreters(settings))
                .plan(asking(Framework.HF, 1, 0, 1, 1));
        assertTrue(
                plan.objections().getFirst().contains("Linux only"),
                plan.objections().getFirst());
    }

    @Test
    void the_capacity_is_detected_unless_set() {
        var detected = Machine.capacity(Limits.DETECTED);
        assertEquals(Runtime.getRuntime().availableProcessors(), detected.cpus());
        assertTrue(detected.memoryBytes() > 0);
        var set = Machine.capacity(
                new Limits(Optional.of(3), Optional.of(5L), Optional.of(List.of(4)), 6, Oversize.CLAMP));
        assertEquals(new Capacity(List.of(4), 3, 5, 6), set);
    }
}
