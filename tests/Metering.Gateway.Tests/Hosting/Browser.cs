using Microsoft.Playwright;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>The Chromium of this machine, without a window. It notes whatever its pages complain of.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    /// <summary>Far above what a page takes: these machines are busy at times.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly List<string> _complaints = [];

    private Browser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Why no test can have one here, and how to get it; null when it can.</summary>
    public static string? Missing { get; } = Programs.Any(File.Exists) ? null : "This test opens a page in Chromium (on Debian: apt-get install chromium; ./test installs it as root).";

    /// <summary>What pages wrote to the console as an error or a warning, threw, were refused or could not load.</summary>
    public IReadOnlyList<string> Complaints
    {
        get
        {
            lock (_complaints)
            {
                return [.. _complaints];
            }
        }
    }

    public static async Task<Browser> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();

        // A sandbox needs rights that containers do not have; it opens nothing but our own pages.
        return new Browser(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Programs.First(File.Exists), Args = ["--no-sandbox", "--disable-dev-shm-usage"], Timeout = (float)Patience.TotalMilliseconds }));
    }

    /// <summary>A page of somebody who gives a password when asked for one.</summary>
    public async Task<IPage> OpenAsync(Uri server, string password)
    {
        var context = await _browser.NewContextAsync(new() { BaseURL = server.ToString(), HttpCredentials = new() { Username = "anybody", Password = password } });
        context.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                Complain($"{message.Type}: {message.Text} ({message.Location})");
            }
        };
        page.PageError += (_, error) => Complain(error);
        page.RequestFailed += (_, request) =>
        {
            // A page that is left gives up what it still waited for.
            if (request.Failure != "net::ERR_ABORTED")
            {
                Complain($"{request.Url}: {request.Failure}");
            }
        };
        page.Response += (_, response) =>
        {
            if (response.Status >= 400)
            {
                Complain($"{response.Url}: {response.Status}");
            }
        };
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private void Complain(string what)
    {
        lock (_complaints)
        {
            _complaints.Add(what);
        }
    }
}
