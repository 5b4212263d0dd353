package io.trainyard.webhook;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Signs by Standard Webhooks 1.0: HMAC-SHA256 over {@code id.timestamp.body}, under a key shared with the receiver. */
public final class Signature {
    private static final String PREFIX = "whsec_";
    private static final int MIN_KEY_BYTES = 24;
    private static final int MAX_KEY_BYTES = 64;

    private Signature() {}

    /** What is wrong with a signing key as its owner writes it. */
    public static Optional<String> objection(String key) {
        return key(key).isPresent()
                ? Optional.empty()
                : Optional.of("a Standard Webhooks secret is wanted: whsec_ and %d to %d bytes in base64"
                        .formatted(MIN_KEY_BYTES, MAX_KEY_BYTES));
    }

    private static Optional<byte[]> key(String text) {
        if (!text.startsWith(PREFIX)) return Optional.empty();
        try {
            byte[] key = Base64.getDecoder().decode(text.substring(PREFIX.length()));
            return Optional.of(key).filter(bytes -> bytes.length >= MIN_KEY_BYTES && bytes.length <= MAX_KEY_BYTES);
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    /** The value of {@code webhook-signature}. */
    static String of(String key, String id, Instant at, byte[] body) {
        byte[] secret = key(key).orElseThrow(() -> new IllegalStateException("a signing key that was not judged"));
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            var signed = new ByteArrayOutputStream(body.length + 128);
            signed.writeBytes((id + "." + at.getEpochSecond() + ".").getBytes(StandardCharsets.UTF_8));
            signed.writeBytes(body);
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(signed.toByteArray()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
