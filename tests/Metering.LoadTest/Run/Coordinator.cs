using System.Net;
using System.Net.Sockets;

namespace Metering.LoadTest.Run;

/// <summary>
/// The process that a run was started in: it waits until the others have joined over the loopback, lets all start together, and takes in what
/// they measured. Each of them is one connection; they speak in lines of JSON.
/// </summary>
internal sealed class Coordinator : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly List<RunConnection> _others;

    private Coordinator(List<RunConnection> others) => _others = others;

    public static async Task<Coordinator> GatherAsync(LoadPlan plan, int port, LoadConsole console, CancellationToken cancellationToken)
    {
        var others = new List<RunConnection>();
        if (plan.Processes > 1)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            console.Say($"Waiting for {plan.Processes - 1} more: join --coordinator 127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
            while (others.Count < plan.Processes - 1)
            {
                var other = new RunConnection(await AcceptAsync(listener, patience.Token, cancellationToken));
                others.Add(other);
                await other.SendAsync(new RunMessage { Plan = plan, Process = others.Count }, cancellationToken);
            }

            foreach (var other in others)
            {
                // Each has read the card and the trace, and has nothing left to do but send.
                _ = (await other.ReceiveAsync(cancellationToken)).Ready ? true : throw new LoadException("A process that joined did not get ready.");
            }
        }

        return new Coordinator(others);
    }

    private static async Task<TcpClient> AcceptAsync(TcpListener listener, CancellationToken patience, CancellationToken cancellationToken)
    {
        try
        {
            return await listener.AcceptTcpClientAsync(patience);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LoadException($"Not every process has joined within {Patience.TotalMinutes:0} minutes.");
        }
    }

    /// <summary>Runs here and there at once.</summary>
    public async Task<LoadResult> RunAsync(LoadRun here, AccountTotals totals, Action<LoadSample> onSample, CancellationToken cancellationToken)
    {
        await Task.WhenAll(_others.Select(other => other.SendAsync(new RunMessage { Start = true }, cancellationToken)));
        var results = await Task.WhenAll(_others.Select(other => FollowAsync(other)).Append(here.RunAsync(
            sample =>
            {
                onSample(sample);
                return Task.CompletedTask;
            },
            cancellationToken)));
        return results.Aggregate((all, one) => all.Plus(one));

        async Task<LoadResult> FollowAsync(RunConnection other)
        {
            while (true)
            {
                var message = await other.ReceiveAsync(cancellationToken);
                if (message.Sample is { } sample)
                {
                    onSample(sample);
                }

                if (message.Failure is { } failure)
                {
                    throw new LoadException($"A process that joined broke off: {failure}");
                }

                if (message is { Result: { } result, Totals: { } counted })
                {
                    lock (totals)
                    {
                        totals.Add(counted);
                    }

                    return result;
                }
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _others.ForEach(other => other.Dispose());
        return ValueTask.CompletedTask;
    }
}
