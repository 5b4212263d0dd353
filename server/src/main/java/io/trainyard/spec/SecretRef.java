package io.trainyard.spec;

/** Names a secret value of a job; the value itself is sealed in the store and never part of a spec. */
public record SecretRef(String name) {
    public SecretRef {
        if (name.isEmpty()) throw new IllegalArgumentException("a secret needs a name");
    }
}
