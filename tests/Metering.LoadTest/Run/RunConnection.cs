using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.LoadTest.Run;

/// <summary>What the processes of a run tell each other. One of the properties is set; the coordinator speaks first.</summary>
internal sealed record RunMessage
{
    /// <summary>To a process that joined: what all send.</summary>
    public LoadPlan? Plan { get; init; }

    /// <summary>With the plan: which process it is, from 1.</summary>
    public int Process { get; init; }

    /// <summary>From a process that joined: it only waits for the start.</summary>
    public bool Ready { get; init; }

    /// <summary>To all, at once.</summary>
    public bool Start { get; init; }

    public LoadSample? Sample { get; init; }

    public LoadResult? Result { get; init; }

    /// <summary>With the result: what each account was charged.</summary>
    public TotalsMessage? Totals { get; init; }

    public string? Failure { get; init; }
}

/// <summary>One end of a connection between two processes of a run: one message a line, each in JSON.</summary>
internal sealed class RunConnection : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly TcpClient _client;
    private readonly StreamReader _reader;
    private readonly StreamWriter _writer;

    public RunConnection(TcpClient client)
    {
        client.NoDelay = true;
        _client = client;
        _reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        _writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
    }

    public Task SendAsync(RunMessage message, CancellationToken cancellationToken) =>
        _writer.WriteLineAsync(JsonSerializer.Serialize(message, Json).AsMemory(), cancellationToken);

    /// <exception cref="LoadException">The other process is gone.</exception>
    public async Task<RunMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _reader.ReadLineAsync(cancellationToken) is { } line
                ? JsonSerializer.Deserialize<RunMessage>(line, Json)!
                : throw new LoadException("Another process of the run is gone.");
        }
        catch (IOException exception)
        {
            throw new LoadException($"Another process of the run is gone: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _client.Dispose();
    }
}
