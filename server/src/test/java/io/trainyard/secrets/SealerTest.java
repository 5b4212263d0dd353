package io.trainyard.secrets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SealerTest {
    @TempDir
    Path folder;

    private Path file;
    private Sealer sealer;

    @BeforeEach
    void open() {
        file = folder.resolve("secrets.key");
        sealer = Sealer.open(file);
    }

    @Test
    void what_was_sealed_opens_again_also_after_a_restart() {
        var sealed = sealer.seal("job_1", Map.of("token", "hf_äbc", "empty", ""));
        assertEquals(Map.of("token", "hf_äbc", "empty", ""), Sealer.open(file).unseal("job_1", sealed));
    }

    @Test
    void it_opens_for_no_other_job_and_under_no_other_name() {
        byte[] sealed = sealed("token");
        assertThrows(IllegalStateException.class, () -> sealer.unseal("job_2", Map.of("token", sealed)));
        assertThrows(IllegalStateException.class, () -> sealer.unseal("job_1", Map.of("hook", sealed)));
    }

    @Test
    void a_changed_byte_anywhere_is_noticed() {
        byte[] sealed = sealed("token");
        for (int i = 0; i < sealed.length; i++) {
            byte[] changed = sealed.clone();
            changed[i] ^= 1;
            assertThrows(IllegalStateException.class, () -> sealer.unseal("job_1", Map.of("token", changed)));
        }
    }

    @Test
    void the_same_value_never_looks_the_same_and_does_not_show() {
        assertFalse(Arrays.equals(sealed("token"), sealed("token")));
        assertFalse(new String(sealed("token"), UTF_8).contains("hf_secret"));
    }

    private byte[] sealed(String name) {
        return List.copyOf(sealer.seal("job_1", Map.of(name, "hf_secret")).values())
                .getFirst();
    }

    @Test
    void the_key_file_is_for_its_owner_only_and_nothing_else_is_left_behind() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(32, Files.size(file));
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rwx------"})
    void a_key_file_that_others_may_touch_is_refused_with_the_remedy(String mode) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        var refused = assertThrows(IllegalStateException.class, () -> Sealer.open(file));
        assertTrue(String.valueOf(refused.getMessage()).endsWith("chmod 600 " + file), refused::getMessage);
    }

    @Test
    void a_key_file_mounted_read_only_will_do() throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
        assertArrayEquals(sealer.fingerprint(new byte[0]), Sealer.open(file).fingerprint(new byte[0]));
    }

    @Test
    void a_file_that_is_no_key_is_refused_and_left_as_it_is() throws IOException {
        Files.write(file, new byte[31]);
        assertThrows(IllegalStateException.class, () -> Sealer.open(file));
        assertEquals(31, Files.size(file));
    }

    @Test
    void a_fingerprint_stays_over_a_restart_and_differs_by_request_and_by_key() {
        byte[] print = sealer.fingerprint("request".getBytes(UTF_8));
        assertArrayEquals(print, Sealer.open(file).fingerprint("request".getBytes(UTF_8)));
        assertFalse(Arrays.equals(print, sealer.fingerprint("Request".getBytes(UTF_8))));
        Sealer other = Sealer.open(folder.resolve("other.key"));
        assertFalse(Arrays.equals(print, other.fingerprint("request".getBytes(UTF_8))));
    }
}
