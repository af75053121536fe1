namespace Metering.Benchmarks;

/// <summary>Charges in batches, as fast as they are answered, spread evenly over the accounts.</summary>
internal sealed class BatchLoad(BenchmarkServer server, int accounts)
{
    public const int ChargesPerBatch = 1_000;
    private const int Senders = 8;
    private long _next;
    private long _answered;

    public long Answered => Volatile.Read(ref _answered);

    /// <summary>Charges until so many have been sent in all, or it is cancelled.</summary>
    public Task RunAsync(long charges, CancellationToken cancellationToken) => Task.WhenAll(
        Enumerable.Range(0, Senders).Select(_ => Task.Run(() => SendAsync(charges, cancellationToken), CancellationToken.None)));

    private async Task SendAsync(long charges, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var first = Interlocked.Add(ref _next, ChargesPerBatch) - ChargesPerBatch;
                var count = (int)Math.Min(ChargesPerBatch, charges - first);
                if (count <= 0)
                {
                    return;
                }

                var batch = Enumerable.Range(0, count).Select(i => Charge(first + i));
                var reply = BenchmarkServer.Require(await server.Api.ChargeManyAsync(batch, cancellationToken));
                foreach (var result in reply.Body.GetProperty("results").EnumerateArray())
                {
                    if (ApiReply.CodeOf(result) is not null)
                    {
                        throw new InvalidOperationException($"The server refused: {result}");
                    }
                }

                Interlocked.Add(ref _answered, count);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The measurement is over.
        }
    }

    private object Charge(long number) => new
    {
        account = BenchmarkServer.Account((int)(number % accounts)),
        id = $"b-{number}",
        meter = "llm.tokens",
        quantity = "1",
    };
}
