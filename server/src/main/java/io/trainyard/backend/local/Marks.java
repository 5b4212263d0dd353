package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * What stands in the environment of an attempt's processes, by which they are known. Nobody who cannot read the key in
 * the home folder can guess it, and so be taken for a process of the attempt.
 */
final class Marks {
    private final Path home;
    private final byte[] key;

    Marks(Path home) {
        this.home = home;
        this.key = key(home);
    }

    String of(Folder folder) {
        var bytes = home.relativize(folder.path()).toString().getBytes(UTF_8);
        var both = Arrays.copyOf(key, key.length + bytes.length);
        System.arraycopy(bytes, 0, both, key.length, bytes.length);
        return RunFolder.sha256(both).substring(0, 32);
    }

    private static byte[] key(Path home) {
        try {
            Folder.makeFolder(home);
            Path file = home.resolve("mark-key");
            if (!Files.exists(file)) {
                var fresh = new byte[32];
                new SecureRandom().nextBytes(fresh);
                Folder.createWhole(file, fresh);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot prepare " + home, e);
        }
    }
}
