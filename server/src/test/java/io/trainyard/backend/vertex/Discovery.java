package io.trainyard.backend.vertex;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The services' own descriptions, out of Google's Python client: a pinned wheel, fetched once with pip from the index
 * that pip is set up for, checked by its hash, and kept in the user's cache. Who cannot have it skips, and says so.
 */
final class Discovery {
    private static final System.Logger LOG = System.getLogger(Discovery.class.getName());
    private static final String VERSION = "2.202.0";
    private static final String SHA256 = "aaa90064c9bb642ff1d065b22ca8958a2cb6e345909cefe70d0e5452fc50e08b";
    private static final String WHEEL = "google_api_python_client-" + VERSION + "-py3-none-any.whl";
    private static final String DOCUMENTS = "googleapiclient/discovery_cache/documents/";
    private static final int PATIENCE_SECONDS = 180;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private Discovery() {}

    /** @param document such as {@code aiplatform.v1} */
    static JsonNode read(String document) {
        Path file = folder().resolve(document + ".json");
        try {
            if (!Files.exists(file)) fetch();
            return JSON.readTree(Files.readAllBytes(file));
        } catch (IOException | InterruptedException e) {
            String why = "SKIPPED: google-api-python-client " + VERSION + " cannot be had: " + e.getMessage();
            LOG.log(System.Logger.Level.WARNING, why);
            return abort(why);
        }
    }

    private static Path folder() {
        Path cache = Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .filter(text -> !text.isBlank())
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache"));
        return cache.resolve("trainyard").resolve("discovery").resolve(SHA256);
    }

    private static void fetch() throws IOException, InterruptedException {
        Path parent = Files.createDirectories(folder().getParent());
        Path draft = Files.createTempDirectory(parent, "draft");
        Path wanted = draft.resolve("wanted.txt");
        Files.writeString(wanted, "google-api-python-client==" + VERSION + " --hash=sha256:" + SHA256 + "\n");
        run(
                draft,
                List.of("python3", "-m", "pip", "download", "--no-deps", "--require-hashes", "-r", wanted.toString()));
        try (var wheel = new ZipFile(draft.resolve(WHEEL).toFile())) {
            for (String name : List.of("aiplatform.v1.json", "logging.v2.json"))
                try (var in = wheel.getInputStream(wheel.getEntry(DOCUMENTS + name))) {
                    Files.copy(in, draft.resolve(name));
                }
        }
        Files.delete(draft.resolve(WHEEL));
        try {
            Files.move(draft, folder(), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException someoneWasFirst) {
            if (!Files.isDirectory(folder())) throw someoneWasFirst;
        }
    }

    private static void run(Path folder, List<String> command) throws IOException, InterruptedException {
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
        else if (process.exitValue() == 0) return;
        throw new IOException(
                "pip: " + Files.readString(output, StandardCharsets.UTF_8).strip());
    }
}
