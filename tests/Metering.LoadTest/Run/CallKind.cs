namespace Metering.LoadTest.Run;

/// <summary>By which door charges come in.</summary>
internal enum CallKind
{
    /// <summary>gRPC <c>Charge</c>: one charge a call.</summary>
    Unary = 0,

    /// <summary>gRPC <c>ChargeMany</c>.</summary>
    Batch = 1,

    /// <summary>gRPC <c>ChargeStream</c>: batches in, batches out.</summary>
    Stream = 2,

    /// <summary>HTTP, one charge a request.</summary>
    Http = 3,

    /// <summary>HTTP, many charges a request.</summary>
    HttpBatch = 4,

    /// <summary>HTTP, a batch of CloudEvents a request.</summary>
    Events = 5,
}

internal static class CallKinds
{
    /// <summary>Whether a call carries one charge and never more.</summary>
    public static bool IsSingle(this CallKind kind) => kind is CallKind.Unary or CallKind.Http;

    /// <summary>Whether it is spoken over gRPC rather than HTTP.</summary>
    public static bool IsGrpc(this CallKind kind) => kind is CallKind.Unary or CallKind.Batch or CallKind.Stream;
}
