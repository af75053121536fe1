using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using HdrHistogram;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// One connection to Redis with a number of pipelines under way: commands are put together from bytes made once and answers are counted in
/// place, as in the client of our own server. A client library would take more of the machine that Redis shares with it.
/// </summary>
internal sealed class RedisPipeline : IDisposable
{
    private const int IdDigits = 12;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly ByteBuffer _commands = new();
    private readonly ByteBuffer _answers = new();
    private readonly PeerLoad _load;
    private readonly bool _oneCommandPerCall;
    private readonly string _prefix;
    private readonly byte[] _script;
    private readonly byte[] _commandHead;
    private readonly byte[] _amount;
    private readonly Random _random;
    private readonly AccountMix _mix;
    private long _next;

    /// <param name="load">How much at once.</param>
    /// <param name="mix">Whom to charge.</param>
    /// <param name="script">The script's hash.</param>
    /// <param name="number">Of the connection: ids of two never meet.</param>
    /// <param name="oneCommandPerCall">Whether the charges of a call are one command with all of them rather than a pipeline of commands.</param>
    public RedisPipeline(PeerLoad load, AccountMix mix, string script, int number, bool oneCommandPerCall)
    {
        _load = load;
        _mix = mix;
        _random = new Random(number);
        _oneCommandPerCall = oneCommandPerCall;
        _prefix = $"id:{number:D3}.";
        _script = Encoding.ASCII.GetBytes($"$7\r\nEVALSHA\r\n$40\r\n{script}\r\n");
        _commandHead = [.. "*6\r\n"u8, .. _script, .. "$1\r\n2\r\n"u8];
        _amount = Encoding.ASCII.GetBytes($"${PeerLoad.ChargedNanocredits.ToString().Length}\r\n{PeerLoad.ChargedNanocredits}\r\n");
    }

    public void Connect(int port) => _socket.Connect("127.0.0.1", port);

    /// <summary>On a thread of its own: writes a call for each one answered.</summary>
    /// <returns>Charges that succeeded.</returns>
    /// <exception cref="InvalidOperationException">Redis refused.</exception>
    public long Run(TimeSpan duration, LongConcurrentHistogram latency)
    {
        var clock = Stopwatch.StartNew();
        var sentAt = new Queue<TimeSpan>();
        for (var i = 0; i < _load.CallsPerConnection; i++)
        {
            Send();
        }

        var (charged, open) = (0L, _load.ChargesPerCall);
        while (sentAt.Count > 0)
        {
            var count = _socket.Receive(_answers.Room(65_536));
            if (count == 0)
            {
                throw new InvalidOperationException("Redis closed the connection.");
            }

            _answers.Advance(count);
            var read = 0;
            while (TryReadInteger(ref read))
            {
                charged++;
                if (--open == 0)
                {
                    open = _load.ChargesPerCall;
                    latency.RecordValueWithCount(Math.Max(1, (long)(clock.Elapsed - sentAt.Dequeue()).TotalMicroseconds), _load.ChargesPerCall);
                    if (clock.Elapsed < duration)
                    {
                        Send();
                    }
                }
            }

            _answers.DropFirst(read);
        }

        return charged;

        void Send()
        {
            sentAt.Enqueue(clock.Elapsed);
            Compose();
            for (var rest = _commands.Written; !rest.IsEmpty;)
            {
                rest = rest[_socket.Send(rest)..];
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Compose()
    {
        _commands.Clear();
        if (!_oneCommandPerCall)
        {
            for (var i = 0; i < _load.ChargesPerCall; i++)
            {
                _commands.Write(_commandHead);
                WriteKeys();
                _commands.Write(_amount);
            }

            return;
        }

        _commands.Write(Encoding.ASCII.GetBytes($"*{3 + (2 * _load.ChargesPerCall) + 1}\r\n"));
        _commands.Write(_script);
        WriteBulk($"{2 * _load.ChargesPerCall}");
        for (var i = 0; i < _load.ChargesPerCall; i++)
        {
            WriteKeys();
        }

        _commands.Write(_amount);
    }

    private void WriteKeys()
    {
        _commands.Write("$13\r\nbench-"u8);
        _commands.WriteDigits(_mix.Next(_random), 7);
        _commands.Write("\r\n$19\r\n"u8);
        _commands.Write(Encoding.ASCII.GetBytes(_prefix));
        _commands.WriteDigits(_next++, IdDigits);
        _commands.Write("\r\n"u8);
    }

    private void WriteBulk(string text) => _commands.Write(Encoding.ASCII.GetBytes($"${text.Length}\r\n{text}\r\n"));

    /// <summary>Skips the heading of an array; takes one integer, which must not be negative.</summary>
    private bool TryReadInteger(ref int read)
    {
        while (true)
        {
            var rest = _answers.Written[read..];
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                return false;
            }

            if (rest[0] == ':' && rest[1] != '-')
            {
                read += end + 1;
                return true;
            }

            if (rest[0] != '*')
            {
                throw new InvalidOperationException($"Redis refused: {Encoding.ASCII.GetString(rest[..end])}");
            }

            read += end + 1;
        }
    }
}
