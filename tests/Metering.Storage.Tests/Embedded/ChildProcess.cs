using System.Diagnostics;
using System.Globalization;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

/// <summary>
/// This test program started once more, to be killed. <see cref="Hold"/> claims a data directory and says "held"; <see cref="Append"/> appends
/// for ever and says "log number" after each acknowledgement.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    public const string Hold = "hold-data-directory";
    public const string Append = "append-records";
    public const int Logs = 4;

    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public StreamReader Output => _process.StandardOutput;

    public static ChildProcess Start(string what, string directory)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Metering.Storage.Tests" + (OperatingSystem.IsWindows() ? ".exe" : ""));
        var start = new ProcessStartInfo(program, [what, directory]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>What record <paramref name="number"/> of a log holds: 1 byte to some kilobytes, all told by the number.</summary>
    public static byte[] Record(int log, long number)
    {
        var record = new byte[1 + (int)(number * 7919 % 9_000)];
        for (var i = 0; i < record.Length; i++)
        {
            record[i] = (byte)((number + log + i) % 251);
        }

        return record;
    }

    public static async Task<int> HoldAsync(string directory)
    {
        using var claim = DataDirectory.Claim(directory);
        Console.WriteLine("held");

        // Until the parent closes our input, or kills us.
        await Console.In.ReadToEndAsync();
        return 0;
    }

    public static async Task<int> AppendAsync(string directory)
    {
        using var embedded = TestStore.Open(directory);
        var store = new FileJournalStore(embedded);
        await Task.WhenAll(Enumerable.Range(0, Logs).Select(log => AppendForEverAsync(store, log)));
        return 0;
    }

    /// <summary>kill -9, then waits until it is gone.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static async Task AppendForEverAsync(FileJournalStore store, int log)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"log-{log}");
        var number = (await store.OpenAsync(name, CancellationToken.None)).Last;
        while (true)
        {
            number++;
            var outcome = await store.AppendAsync(name, number, Record(log, number), CancellationToken.None);
            if (outcome != AppendOutcome.Appended)
            {
                throw new InvalidOperationException($"Record {number} of {name}: {outcome}, and nobody else writes.");
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{log} {number}"));
            if (number % 50 == 0)
            {
                await store.TrimAsync(name, number - 50, CancellationToken.None);
            }
        }
    }
}
