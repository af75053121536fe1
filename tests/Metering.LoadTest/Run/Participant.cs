using System.Diagnostics;
using System.Net.Sockets;

namespace Metering.LoadTest.Run;

/// <summary>A process that joins the run of another: it is told what to send, starts with all others, and tells what it measured.</summary>
internal static class Participant
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);

    /// <exception cref="LoadException">There is nobody to join, or the run broke off.</exception>
    public static async Task RunAsync(string host, int port, LoadConsole console, CancellationToken cancellationToken)
    {
        using var coordinator = new RunConnection(await ConnectAsync(host, port, cancellationToken));
        var message = await coordinator.ReceiveAsync(cancellationToken);
        var plan = message.Plan ?? throw new LoadException($"{host}:{port} is not a run that can be joined.");
        console.Say($"joined run {plan.Run} as process {message.Process} of {plan.Processes}");
        try
        {
            using var session = await LoadSession.OpenAsync(plan, cancellationToken);
            await coordinator.SendAsync(new RunMessage { Ready = true }, cancellationToken);
            if (!(await coordinator.ReceiveAsync(cancellationToken)).Start)
            {
                throw new LoadException("The run did not start.");
            }

            var run = new LoadRun(plan, session.Pattern, session.Totals, message.Process);
            var result = await run.RunAsync(sample => coordinator.SendAsync(new RunMessage { Sample = sample }, cancellationToken), cancellationToken);
            await coordinator.SendAsync(new RunMessage { Result = result, Totals = session.Totals.ToMessage() }, cancellationToken);
            console.Say($"process {message.Process} is done: {session.Totals.AllCharges:N0} charges acknowledged");
        }
        catch (Exception exception) when (exception is LoadException or TraceException or NotSupportedException)
        {
            await coordinator.SendAsync(new RunMessage { Failure = exception.Message }, cancellationToken);
            throw;
        }
    }

    /// <summary>The run that it joins makes its accounts first, and may have been started a moment later.</summary>
    private static async Task<TcpClient> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            var client = new TcpClient();
            try
            {
                await client.ConnectAsync(host, port, cancellationToken);
                return client;
            }
            catch (SocketException exception)
            {
                client.Dispose();
                if (clock.Elapsed > Patience)
                {
                    throw new LoadException($"Nobody waits at {host}:{port}: {exception.Message}", exception);
                }
            }

            await Task.Delay(ProbeInterval, cancellationToken);
        }
    }
}
