package io.trainyard.backend.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Where the checkpoints of a run lie that names no place for them. */
final class RunFolder {
    private static final int MAX_FOLDER_NAME = 60;

    private RunFolder() {}

    /** The same for every attempt and every retry of a job. */
    static Path checkpointFolder(Path home, String runId) {
        return home.resolve("runs").resolve(folderName(runId)).resolve("checkpoints");
    }

    /** A run id may hold anything, {@code ../} included; the hash keeps apart what the cleaning makes equal. */
    static String folderName(String runId) {
        String clean = runId.replaceAll("[^A-Za-z0-9_-]", "_");
        return clean.substring(0, Math.min(clean.length(), MAX_FOLDER_NAME))
                + "-"
                + sha256(runId.getBytes(UTF_8)).substring(0, 12);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
