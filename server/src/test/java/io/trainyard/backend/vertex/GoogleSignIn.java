package io.trainyard.backend.vertex;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The token server: gives a token to whoever signs with the key of the service account, and knows the last one. */
final class GoogleSignIn {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** Making one takes a while. */
    private static final KeyPair KEY = key();

    private int tokens;
    private String token = "";

    private static KeyPair key() {
        try {
            var generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    Path credentials(Path folder, String tokenAddress) {
        String pem = "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(KEY.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
        var file = JSON.createObjectNode()
                .put("type", "service_account")
                .put("project_id", FakeVertex.PROJECT)
                .put("private_key_id", "1")
                .put("private_key", pem)
                .put("client_email", "trainyard@my-project.iam.gserviceaccount.com")
                .put("client_id", "1")
                .put("token_uri", tokenAddress);
        try {
            return Files.write(folder.resolve("google.json"), JSON.writeValueAsBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    synchronized ObjectNode token(String form) {
        String assertion = form.substring(form.indexOf("assertion=") + "assertion=".length());
        String[] parts = assertion.split("\\.", -1);
        if (!isSigned(parts[0] + "." + parts[1], Base64.getUrlDecoder().decode(parts[2])))
            throw new IllegalStateException("a token was asked for with another key");
        token = "token-" + ++tokens;
        return JSON.createObjectNode()
                .put("access_token", token)
                .put("expires_in", 3600)
                .put("token_type", "Bearer");
    }

    private static boolean isSigned(String text, byte[] by) {
        try {
            var signature = Signature.getInstance("SHA256withRSA");
            signature.initVerify(KEY.getPublic());
            signature.update(text.getBytes(StandardCharsets.US_ASCII));
            return signature.verify(by);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    synchronized boolean accepts(@Nullable String authorization) {
        return !token.isEmpty() && ("Bearer " + token).equals(authorization);
    }

    synchronized void expire() {
        token = "";
    }
}
