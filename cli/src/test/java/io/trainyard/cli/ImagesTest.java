package io.trainyard.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.cli.api.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What engines are told. The engines here are no engines: they write down their arguments, one a line, and build
 * nothing. One that builds is in {@link ImagesEngineTest}.
 */
class ImagesTest {
    private static final List<String> ALL = List.of("base", "hf", "meta", "nemo", "unsloth", "timm", "ultralytics");

    @TempDir
    private Path folder = Path.of("");

    private Path programs = Path.of("");
    private Path checkout = Path.of("");

    @BeforeEach
    void lay() throws IOException {
        programs = Files.createDirectories(folder.resolve("programs"));
        checkout = folder.resolve("check out");
        Files.createDirectories(checkout.resolve("deploy/images"));
        Files.writeString(checkout.resolve("deploy/images/Dockerfile"), "FROM scratch\n");
    }

    private Typed typed() {
        return Typed.at("http://127.0.0.1:1")
                .with("PATH", programs.toString())
                .with("TRAINYARD_CHECKOUT", checkout.toString());
    }

    /** @param last the end of its script: what it does with what it was told */
    private void recorder(String name, String last) throws IOException {
        Path script = programs.resolve(name);
        Files.writeString(
                script,
                "#!/bin/sh\n[ \"$1\" = version ] || printf '%%s\\n' \"$@\" --end-- >> '%s'\n%s\n"
                        .formatted(folder.resolve("told"), last));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private List<List<String>> told() throws IOException {
        Path file = folder.resolve("told");
        if (!Files.exists(file)) return List.of();
        return Arrays.stream(Files.readString(file).split("--end--\n", -1))
                .filter(call -> !call.isEmpty())
                .map(call -> List.of(call.split("\n", -1)))
                .map(words -> words.subList(0, words.size() - 1))
                .toList();
    }

    @Test
    void every_image_of_the_list_is_a_stage_of_the_dockerfile() throws IOException {
        var listed = Json.read(typed().run("images", "list", "--json").out()).path("images");
        var words = new ArrayList<String>();
        listed.forEach(image -> words.add(Json.text(image, "image")));
        assertEquals(ALL, words);
        List<String> lines = Files.readAllLines(Path.of("../deploy/images/Dockerfile"));
        for (String word : ALL) {
            assertTrue(lines.stream().anyMatch(line -> line.matches("FROM \\S+ AS " + word)), word);
            var image = listed.get(words.indexOf(word));
            String frameworks = String.join(" ", Json.texts(image.path("frameworks")));
            String label = "io.trainyard.frameworks=\"%s\"".formatted(frameworks);
            assertTrue(lines.stream().anyMatch(line -> line.contains(label)), word + ": " + label);
            if (Json.text(image, "licence").contains("AGPL"))
                assertTrue(lines.stream().anyMatch(line -> line.contains(Json.text(image, "licence"))), word);
        }
        assertTrue(Files.readString(Path.of("../deploy/images/check")).contains("images=" + String.join(",", ALL)));
    }

    @Test
    void images_are_named_as_the_server_names_those_of_its_jobs() {
        assertTrue(typed().run("images", "list").out().contains("ghcr.io/myorg/trainer-timm:v1.0"));
        var seen = typed().with("DOCKER_REGISTRY", "registry.example:5000/team")
                .with("TRAINER_IMAGE_VERSION", "v7")
                .run("images", "list");
        assertTrue(seen.out().contains("registry.example:5000/team/trainer-ultralytics:v7"), seen.out());
        // Vision jobs call the framework of hf so.
        assertTrue(seen.out().contains("registry.example:5000/team/trainer-transformers:v7"), seen.out());
    }

    @Test
    void an_image_is_built_from_the_checkout_with_its_name_and_version() throws IOException {
        recorder("docker", "echo step 1; echo remark >&2");
        var seen = typed().run("images", "build", "hf", "--tag", "v2", "--registry", "example.com/a/");
        assertEquals(0, seen.code(), seen.err());
        assertEquals(
                List.of(List.of(
                        "build",
                        "--file",
                        checkout.resolve("deploy/images/Dockerfile").toString(),
                        "--build-arg",
                        "IMAGE=hf",
                        "--label",
                        "org.opencontainers.image.version=v2",
                        "--label",
                        "org.opencontainers.image.revision=unknown",
                        "--tag",
                        "example.com/a/trainer-hf:v2",
                        "--tag",
                        "example.com/a/trainer-transformers:v2",
                        checkout.toString())),
                told());
        assertTrue(seen.err().contains("step 1\nremark\n"), seen.err());
        assertEquals(
                "example.com/a/trainer-hf:v2  built in 0s\nexample.com/a/trainer-transformers:v2  built in 0s\n",
                seen.out());
    }

    @Test
    void what_is_said_of_a_build_reaches_the_engine() throws IOException {
        recorder("buildah", "");
        Path certificates = Files.writeString(folder.resolve("ca.pem"), "x");
        Path index = Files.writeString(folder.resolve("index"), "https://me:secret@example.com/simple");
        var seen = typed().run(
                        "images",
                        "build",
                        "timm",
                        "--engine",
                        "buildah",
                        "--platform",
                        "linux/arm64",
                        "--base",
                        "my/debian:13",
                        "--certificates",
                        certificates.toString(),
                        "--index-file",
                        index.toString(),
                        "--source",
                        "https://example.com/src",
                        "--",
                        "--isolation",
                        "chroot",
                        "it's");
        assertEquals(0, seen.code(), seen.err());
        List<String> words = told().getFirst();
        assertEquals(List.of("build", "--layers"), words.subList(0, 2));
        for (String word : List.of(
                "BASE=my/debian:13",
                "linux/arm64",
                "id=certificates,src=" + certificates,
                "id=index,src=" + index,
                "org.opencontainers.image.source=https://example.com/src"))
            assertTrue(words.contains(word), word + " in " + words);
        assertEquals(
                List.of("--isolation", "chroot", "it's", checkout.toString()),
                words.subList(words.size() - 4, words.size()));
        assertFalse(seen.err().contains("secret@"), "the address of an index is nobody's to see");
        assertTrue(seen.err().contains("'it'\\''s'"), seen.err());
    }

    @Test
    void nothing_is_pushed_before_all_are_built() throws IOException {
        recorder("podman", "");
        var seen = typed().run("images", "build", "--all", "--push", "--registry", "example.com/team", "--json");
        assertEquals(0, seen.code(), seen.err());
        List<String> verbs = told().stream().map(List::getFirst).toList();
        assertEquals(ALL.size(), verbs.lastIndexOf("build") + 1);
        assertEquals(ALL.size() + 1, verbs.stream().filter("push"::equals).count());
        assertEquals(List.of("push", "example.com/team/trainer-base:v1.0"), told().get(ALL.size()));
        var document = Json.read(seen.out());
        assertEquals(ALL.size(), document.path("images").size());
        assertEquals(ALL.size() + 1, document.path("pushed").size());
    }

    @Test
    void after_a_failed_build_nothing_else_is_built_or_pushed() throws IOException {
        recorder("docker", "case \"$*\" in *IMAGE=meta*) echo no space left; exit 7 ;; esac");
        var seen = typed().run("images", "build", "hf", "meta", "timm", "--push", "--registry", "example.com/team");
        assertEquals(1, seen.code());
        assertEquals(2, told().size());
        assertTrue(seen.err().contains("no space left"), seen.err());
        assertTrue(seen.err().endsWith("Building meta failed: docker ended with 7\n"), seen.err());
    }

    @Test
    void a_push_that_is_refused_says_so() throws IOException {
        recorder("docker", "[ \"$1\" != push ] || exit 1");
        var seen = typed().run("images", "build", "base", "--push", "--registry", "example.com/team", "--json");
        assertEquals(1, seen.code());
        assertTrue(seen.err().contains("is this machine logged in there?"), seen.err());
        assertEquals(0, Json.read(seen.out()).path("pushed").size());
    }

    @Test
    void a_docker_without_its_daemon_is_passed_over() throws IOException {
        recorder("docker", "exit 1");
        recorder("podman", "");
        assertEquals(0, typed().run("images", "build", "base").code());
        assertEquals(1, told().size());
        assertEquals(
                1, typed().run("images", "build", "base", "--engine", "docker").code());
    }

    @Test
    void without_an_engine_one_is_suggested() {
        var seen = typed().run("images", "build", "hf");
        assertEquals(3, seen.code());
        assertTrue(seen.err().contains("None of docker, podman, buildah is on the PATH and runs"), seen.err());
        assertTrue(seen.err().contains("apt-get install podman"), seen.err());
        assertTrue(
                typed().run("images", "build", "hf", "--engine", "podman").err().contains("podman is not on the PATH"));
    }

    @Test
    void what_would_be_run_is_said_without_an_engine() throws IOException {
        recorder("docker", "");
        var seen = typed().run("images", "build", "hf", "--dry-run", "--engine", "podman");
        assertEquals(0, seen.code(), seen.err());
        assertTrue(seen.out().startsWith("podman build --file '" + checkout), seen.out());
        var json = typed().run("images", "build", "hf", "--print", "--push", "--registry", "example.com/x", "--json");
        assertEquals(3, Json.read(json.out()).path("commands").size(), json.out());
        assertEquals(List.of(), told());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "build | Say which images: --all, or some of base, hf",
                "build huggingface | There is no image 'huggingface'; there are base, hf, meta",
                "build hf --all | Say --all or NAME, not both",
                "build hf --engine kaniko | There is no engine 'kaniko'; one of docker, podman, buildah",
                "build hf --tag v1:2 | --tag: 'v1:2' is no tag",
                "build hf --registry https://x | --registry: 'https://x' is no registry",
                "build hf --push | --push: ghcr.io/myorg is nobody's registry",
                "build hf --platform linux/amd64,linux/arm64 | one platform at a time",
                "build hf --certificates nowhere.pem | --certificates: nowhere.pem cannot be read",
                "build hf --checkout nowhere | There is no deploy/images/Dockerfile in nowhere",
                "list --tag - | --tag: '-' is no tag"
            })
    void what_cannot_be_done_is_usage(String words, String said) throws IOException {
        recorder("docker", "");
        var seen = typed().run(("images " + words.strip()).split(" ", -1));
        assertEquals(2, seen.code(), seen.err());
        assertTrue(seen.err().contains(said.strip()), seen.err());
        assertEquals(List.of(), told());
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "build"})
    void each_verb_has_help_with_an_example(String verb) {
        var seen = typed().run("images", verb, "--help");
        assertEquals(0, seen.code(), seen.err());
        assertTrue(seen.out().contains("Example"), seen.out());
        assertTrue(seen.out().lines().allMatch(line -> line.length() <= 120), seen.out());
    }
}
