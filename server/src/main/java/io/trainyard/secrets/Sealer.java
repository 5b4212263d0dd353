package io.trainyard.secrets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals values with AES-GCM under a key that lies in the home folder, readable by its owner only, apart from the
 * database that holds what it sealed. A sealed value is bound to its job and name, so that it opens nowhere else.
 */
public final class Sealer {
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private final SecretKeySpec sealing;
    private final SecretKeySpec printing;
    private final SecureRandom random = new SecureRandom();

    private Sealer(byte[] key) {
        sealing = new SecretKeySpec(mac(new SecretKeySpec(key, "HmacSHA256"), "seal"), "AES");
        printing = new SecretKeySpec(mac(new SecretKeySpec(key, "HmacSHA256"), "fingerprint"), "HmacSHA256");
    }

    /** Opens the key file, or makes one with a fresh key (mode 0600). */
    public static Sealer open(Path keyFile) {
        try {
            byte[] key = Files.exists(keyFile) ? Files.readAllBytes(keyFile) : create(keyFile);
            if (key.length != KEY_BYTES)
                throw new IllegalStateException(keyFile + " is not a key file of " + KEY_BYTES + " bytes");
            var mode = Files.getPosixFilePermissions(keyFile);
            if (!PosixFilePermissions.fromString("rw-------").containsAll(mode))
                throw new IllegalStateException("%s may be read by others (%s); say: chmod 600 %s"
                        .formatted(keyFile, PosixFilePermissions.toString(mode), keyFile));
            return new Sealer(key);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read or make the key file " + keyFile + ": " + e.getMessage(), e);
        }
    }

    private static byte[] create(Path keyFile) throws IOException {
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        // Whole or not at all: half a key file would keep the server from ever starting again.
        Path draft = Files.createTempFile(keyFile.toAbsolutePath().getParent(), ".key", "", owner);
        try {
            Files.write(draft, key, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
            Files.createLink(keyFile, draft);
            return key;
        } catch (FileAlreadyExistsException someoneWasFirst) {
            return Files.readAllBytes(keyFile);
        } finally {
            Files.delete(draft);
        }
    }

    /** Seals the values of one job, by name. */
    public Map<String, byte[]> seal(String job, Map<String, String> values) {
        var sealed = new HashMap<String, byte[]>();
        values.forEach((name, value) -> sealed.put(name, seal(job, name, value)));
        return sealed;
    }

    public Map<String, String> unseal(String job, Map<String, byte[]> sealed) {
        var values = new HashMap<String, String>();
        sealed.forEach((name, bytes) -> values.put(name, unseal(job, name, bytes)));
        return values;
    }

    private byte[] seal(String job, String name, String value) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        byte[] text = crypt(Cipher.ENCRYPT_MODE, nonce, job, name, value.getBytes(StandardCharsets.UTF_8));
        return ByteBuffer.allocate(NONCE_BYTES + text.length)
                .put(nonce)
                .put(text)
                .array();
    }

    private String unseal(String job, String name, byte[] sealed) {
        byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
        byte[] text = Arrays.copyOfRange(sealed, NONCE_BYTES, sealed.length);
        return new String(crypt(Cipher.DECRYPT_MODE, nonce, job, name, text), StandardCharsets.UTF_8);
    }

    private byte[] crypt(int mode, byte[] nonce, String job, String name, byte[] input) {
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, sealing, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD((job + "\0" + name).getBytes(StandardCharsets.UTF_8));
            return cipher.doFinal(input);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(
                    "secret " + name + " of " + job + " does not open: was the key file replaced?", e);
        }
    }

    /** Tells equal requests from different ones without keeping them. */
    public byte[] fingerprint(byte[] request) {
        return mac(printing, request);
    }

    private static byte[] mac(SecretKeySpec key, String text) {
        return mac(key, text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] mac(SecretKeySpec key, byte[] bytes) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac.doFinal(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
