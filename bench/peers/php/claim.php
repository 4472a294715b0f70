<?php
// The claim as a team would write it in PHP: one request, one transaction, PDO on SQLite.
// Kind to itself: the connection is kept between requests, opcache is on, and no follow or ticket is looked up.
declare(strict_types=1);

const SECRET = 'bench';
const DUPLICATE = '23000';

function database(): PDO
{
    $db = new PDO('sqlite:' . $_SERVER['CLAIMS_DB'], null, null, [
        PDO::ATTR_PERSISTENT => true,
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_TIMEOUT => 60,
    ]);
    $db->exec('PRAGMA synchronous = FULL');
    $db->exec('PRAGMA foreign_keys = ON');
    return $db;
}

function openid(): ?string
{
    [$openid, $code] = explode('.', $_COOKIE['s'] ?? '', 2) + ['', ''];
    return hash_equals(hash_hmac('sha256', $openid, SECRET), $code) ? $openid : null;
}

function answer(int $status, string $location = '', string $text = ''): void
{
    http_response_code($status);
    if ($location !== '') {
        header("Location: $location", true, $status);
    }
    header('Content-Length: ' . strlen($text));
    echo $text;
}

function claim(PDO $db, string $slug, string $openid): string
{
    $db->exec('BEGIN IMMEDIATE');
    try {
        $found = $db->prepare("SELECT id FROM campaigns WHERE slug = ? AND state = 'running'");
        $found->execute([$slug]);
        $campaign = (int) $found->fetchColumn();
        $found->closeCursor();
        $amount = random_int(100, 300);
        $now = time();
        $db->prepare('INSERT INTO claims (campaign_id, openid, amount_fen, ip, at) VALUES (?, ?, ?, ?, ?)')
            ->execute([$campaign, $openid, $amount, $_SERVER['REMOTE_ADDR'], $now]);
        $id = (int) $db->lastInsertId();
        $spent = $db->prepare('UPDATE campaigns SET left_fen = left_fen - ? WHERE id = ? AND left_fen >= ?');
        $spent->execute([$amount, $campaign, $amount]);
        if ($spent->rowCount() === 0) {
            $db->exec('ROLLBACK');
            return 'used up';
        }
        $db->prepare("INSERT INTO payouts (claim_id, mch_billno, amount_fen, state, due_at) VALUES (?, ?, ?, 'queued', ?)")
            ->execute([$id, 'PB' . bin2hex(random_bytes(13)), $amount, $now]);
        $db->exec('COMMIT');
        return 'granted';
    } catch (PDOException $error) {
        $db->exec('ROLLBACK');
        if ($error->getCode() === DUPLICATE) {
            return 'already claimed';
        }
        throw $error;
    }
}

$db = database();
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    $told = fn (string $pragma): string => "$pragma=" . $db->query("PRAGMA $pragma")->fetchColumn();
    answer(200, '', 'PHP ' . PHP_VERSION . ', ' . $told('journal_mode') . ', ' . $told('synchronous'));
    exit;
}
$openid = openid();
if ($openid === null) {
    answer(403);
    exit;
}
$end = claim($db, $_POST['campaign'] ?? '', $openid);
answer(303, $end === 'granted' ? '/c/demo' : '/c/demo?again=1');
