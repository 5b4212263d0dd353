package io.trainyard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.trainyard.backend.pods.PodTemplate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What our pods ask of an image, held against {@code deploy/images/Dockerfile}; that it builds is tested elsewhere. */
class ContainerImagesTest {
    private static final Path DOCKERFILE = Path.of("../deploy/images/Dockerfile");
    private static final Path GOLDEN = Path.of("src/test/resources/contract");
    private static final JsonMapper JSON = new JsonMapper();

    /** The last that is said of each, which is what holds: no stage takes back what the first one says. */
    private final Map<String, String> instructions = instructions();

    private static Map<String, String> instructions() {
        try {
            var found = new LinkedHashMap<String, String>();
            String whole = Files.readString(DOCKERFILE).replaceAll("\\\\\n\\s*", "");
            for (String line : whole.split("\n", -1)) {
                String[] word = line.split(" ", 2);
                if (word.length == 2 && word[0].matches("[A-Z]+")) found.put(word[0], word[1]);
            }
            return found;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private String said(String instruction) {
        return Objects.requireNonNull(instructions.get(instruction), instruction);
    }

    private String variable(String name) {
        for (String pair : said("ENV").split(" ", -1))
            if (pair.startsWith(name + "=")) return pair.substring(name.length() + 1);
        return "";
    }

    private List<String> entryPoint() {
        var words = new ArrayList<String>();
        JSON.readTree(said("ENTRYPOINT")).forEach(word -> words.add(word.stringValue()));
        return words;
    }

    @Test
    void it_runs_as_the_user_that_our_pods_are() {
        JsonNode security = PodTemplate.podSecurity();
        int user = security.path("runAsUser").intValue();
        assertEquals(user + ":" + security.path("fsGroup").intValue(), said("USER"));
        assertTrue(security.path("runAsNonRoot").booleanValue());
    }

    @Test
    void what_it_holds_is_not_hidden_by_what_our_pods_mount() {
        for (String mounted : List.of("/workspace", "/dev/shm", "/var/run/secrets")) {
            assertFalse(said("WORKDIR").startsWith(mounted), mounted);
            assertFalse(entryPoint().getLast().startsWith(mounted), mounted);
            assertFalse(variable("PATH").startsWith(mounted), mounted);
        }
        assertEquals("/workspace", variable("HOME"));
        assertEquals("/workspace", variable("TMPDIR"));
    }

    @Test
    void a_pod_that_names_no_command_starts_the_trainer() {
        assertEquals(List.of("python", said("WORKDIR") + "/train.py"), entryPoint());
        assertFalse(instructions.containsKey("CMD"), "arguments of a pod would take its place");
        assertFalse(instructions.containsKey("HEALTHCHECK"));
    }

    /** Every request of the golden folders that becomes a container of a published command. */
    @Test
    void every_command_of_our_contracts_is_one_that_it_has() throws IOException {
        var programs = new TreeSet<String>();
        int seen = 0;
        try (var files = Files.walk(GOLDEN)) {
            for (Path file : files.filter(each -> each.endsWith("spec.json")).toList()) {
                JsonNode container = JSON.readTree(Files.readString(file)).findValue("container");
                if (container == null) continue;
                seen++;
                JsonNode command = container.path("command");
                if (!command.isEmpty()) programs.add(command.path(0).stringValue());
                // What is named without its folder has to lie in the one that it starts in.
                for (JsonNode word : command) assertRelative(word.asString(""), file);
                assertRelative(container.path("arguments").path(0).asString(""), file);
            }
        }
        assertTrue(seen >= 40, seen + " containers");
        assertTrue(Set.of("python", "torchrun", "accelerate").containsAll(programs), programs.toString());
        assertEquals("/opt/trainyard/python/bin", variable("PATH").split(":", -1)[0]);
        assertTrue(locked("base").contains("\ntorch=="), "brings torchrun");
        assertTrue(locked("hf").startsWith("accelerate=="));
    }

    private void assertRelative(String word, Path file) {
        if (word.endsWith(".py")) assertEquals("train.py", word, file.toString());
    }

    private static String locked(String name) throws IOException {
        return Files.readString(Path.of("../trainer/requirements/" + name + ".txt"));
    }

    /** Each lock holds the versions of the one below it, or its packages would be installed twice. */
    @Test
    void images_that_are_built_on_one_another_agree_on_what_they_hold() throws IOException {
        for (var pair : Map.of("hf", "base", "nemo", "hf", "timm", "base", "ultralytics", "timm")
                .entrySet()) {
            List<String> above = pins(pair.getKey());
            for (String pin : pins(pair.getValue())) assertTrue(above.contains(pin), pair + ": " + pin);
        }
    }

    /** Names with versions; for which systems, each lock says in its own words. */
    private static List<String> pins(String name) throws IOException {
        return locked(name)
                .lines()
                .filter(line -> line.matches("[a-z0-9].*==.*"))
                .map(line -> line.split(" ", 2)[0])
                .toList();
    }

    @Test
    void the_installer_is_the_one_that_makes_environments_elsewhere() throws IOException {
        String script = Files.readString(Path.of("../trainer/environment"));
        String version = script.lines()
                .filter(line -> line.startsWith("uv_version="))
                .findFirst()
                .orElseThrow()
                .substring("uv_version=".length());
        assertTrue(locked("image").contains("\nuv==" + version + " "), version);
    }
}
