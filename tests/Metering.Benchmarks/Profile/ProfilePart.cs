namespace Metering.Benchmarks.Profile;

/// <summary>A part of the server that samples of its threads are counted for.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Has">Whether a sample is of it, by the thread's name and by the names of all methods on its stack, innermost first.</param>
internal sealed record ProfilePart(string Name, Func<string, string, bool> Has)
{
    /// <summary>A sample is of the first that has it: what is called by several is told apart by who stands before whom.</summary>
    public static IReadOnlyList<ProfilePart> All { get; } =
    [
        OfThread("writing the journal to the disk, and syncing it: a thread of its own", "journal writer"),
        OfThread("writing snapshots to the disk: SQLite, its log and its file; a thread of its own", "metering.db"),
        OfThread("the garbage collector's own threads", "Server GC"),
        OfStack("waiting for accounts' memory, fetched ahead of their turns", "AccountGrain::FetchAhead"),
        OfStack("deciding: id, policy, price, budgets, grants", "Account::DecideCharge"),
        OfStack("applying what was decided", "Account::Apply"),
        OfStack("encoding entries", "Entry::Written", "EntryFrame"),
        OfStack("the rest of an account's turn: its remembered ids, its journal, what is due", "AccountGrain::ChargeInTurn"),
        OfStack("snapshots and the checkpoint that asks for them", "Snapshot", "StoredIdBlocks", "Checkpoint"),
        OfStack("the journal: making records, telling those who wait", "JournalPartition"),
        OfStack("writing replies", "BatchReply", "WriteStreamedMessage", "Http2FrameWriter", "Http2OutputProducer"),
        OfStack("reading requests", "BatchRequest::TryRead", "ReadStreamMessage", "Http2Connection", "PlainCharge", "BoundedBody"),
        OfStack("the router: sorting a batch by account, locks, results", "Metering.Grains.Routing"),
        OfStack("the gateway: streams, lanes", "Metering.Gateway"),
        OfStack("sockets", "SocketAsync", "tcp_"),
        OfStack("the thread pool: looking for work, spinning, sleeping", "LifoSemaphore", "sched_yield", "ThreadPool", "futex"),
        new("everything else", static (_, _) => true),
    ];

    private static ProfilePart OfThread(string name, string thread) => new(name, (of, _) => of.Contains(thread, StringComparison.Ordinal));

    private static ProfilePart OfStack(string name, params string[] methods) => new(name, (_, stack) => methods.Any(method => stack.Contains(method, StringComparison.Ordinal)));
}
